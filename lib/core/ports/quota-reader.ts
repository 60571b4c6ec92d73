/** What an account may have in a region, by the codes of AWS Service Quotas. */
export interface QuotaReader {
  /** The quota that is in force, AWS's own where the account has none of its own; null for one that AWS does not know. Rejects with `SinkError`. */
  read(serviceCode: string, quotaCode: string): Promise<number | null>;
  close(): void;
}
