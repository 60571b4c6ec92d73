export type StreamRecord = { readonly partitionKey: string; readonly data: Uint8Array };

/** An ordered, partitioned log of records (Kinesis or its like). Delivery is at least once. */
export interface StreamClient {
  /** Resolves when every record is accepted; records of one partition key keep their order. */
  putRecords(records: readonly StreamRecord[]): Promise<void>;
  close(): Promise<void>;
}
