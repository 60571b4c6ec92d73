/** `starter`: the cheapest that keeps every promise. `production`: nothing alone, a NAT gateway in each of two zones. */
export const DEPLOYMENT_PROFILES = ['starter', 'default', 'production'] as const;
export type DeploymentProfile = (typeof DEPLOYMENT_PROFILES)[number];

type ProfileParts = {
  /** ClickHouse's machine where the configuration names none, an EC2 instance type. */
  readonly clickhouseInstance: string;
  /** Ways out with an address each: machines of our own, or AWS's gateways. */
  readonly waysOut: number;
  readonly hasOwnWayOut: boolean;
  /** Of the stream of trades. */
  readonly shards: number;
};

/** What is deployed, what it costs and what it takes of an account's quotas go by the same table. */
export const PROFILE_PARTS = {
  starter: { clickhouseInstance: 't4g.medium', waysOut: 1, hasOwnWayOut: true, shards: 1 },
  default: { clickhouseInstance: 't4g.large', waysOut: 1, hasOwnWayOut: true, shards: 1 },
  production: { clickhouseInstance: 'm7g.large', waysOut: 2, hasOwnWayOut: false, shards: 2 },
} as const satisfies Readonly<Record<DeploymentProfile, ProfileParts>>;
