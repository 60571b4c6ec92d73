/** Prices in US dollars, without tax. Names carry the unit; those without one are a month. */
export type Prices = {
  /** When they were written down, as `2026-11-22`, and from where. */
  readonly date: string;
  readonly source: string;
  readonly hoursAMonth: number;
  readonly regions: Readonly<Record<string, { readonly factor: number; readonly estimated: boolean }>>;
  readonly ec2Hour: Readonly<Record<InstanceType, number>>;
  readonly diskGb: number;
  readonly snapshotGb: number;
  readonly publicAddressHour: number;
  readonly natGatewayHour: number;
  readonly natGatewayGb: number;
  readonly fargateVcpuHour: number;
  readonly fargateGbHour: number;
  readonly valkeyServerlessFloor: number;
  readonly valkeyMillionCommands: number;
  readonly kinesisShardHour: number;
  readonly kinesisMillionPuts: number;
  readonly lambdaGbSecond: number;
  readonly lambdaMillionRequests: number;
  readonly sqsMillionRequests: number;
  readonly s3Gb: number;
  readonly s3ThousandPuts: number;
  readonly s3ThousandGets: number;
  readonly metric: number;
  readonly alarm: number;
  readonly dashboard: number;
  /** Taken in and kept for a month. */
  readonly logGb: number;
  readonly secret: number;
  readonly grafanaEditor: number;
  readonly grafanaViewer: number;
  readonly clickhouseCloudBasic: number;
  readonly clickhouseCloudScale: number;
  readonly free: {
    readonly lambdaGbSeconds: number;
    readonly lambdaRequests: number;
    readonly sqsRequests: number;
    readonly metrics: number;
    readonly alarms: number;
    readonly dashboards: number;
    readonly logGb: number;
  };
};

export type InstanceType = 't4g.nano' | 't4g.medium' | 't4g.large' | 'm7g.large' | 'm7g.2xlarge';
