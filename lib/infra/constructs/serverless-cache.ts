import type { IVpc, ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import { CfnServerlessCache, CfnUser, CfnUserGroup } from 'aws-cdk-lib/aws-elasticache';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

export type ServerlessCacheProps = { readonly vpc: IVpc; readonly securityGroup: ISecurityGroup; readonly password: ISecret };

export const CACHE_USER = 'tidemark';
export const CACHE_PORT = 6379;

/** What the services do: hashes below four prefixes, through scripts. */
const ACCESS = 'on ~indicators:* ~latest_price:* ~markets:* ~pause:* -@all +@connection +@hash +@scripting +del +pexpire';

/** ElastiCache Serverless for Valkey: encrypted on both ways, one user with a password, and a limit to what it can cost. */
export function createServerlessCache(parent: Construct, { vpc, securityGroup, password }: ServerlessCacheProps): CfnServerlessCache {
  const scope = new Construct(parent, 'cache');
  const user = new CfnUser(scope, 'User', {
    engine: 'valkey',
    userId: 'tidemark-services',
    userName: CACHE_USER,
    accessString: ACCESS,
    // A reference that CloudFormation resolves: the password itself stands in no template.
    authenticationMode: { Type: 'password', Passwords: [password.secretValueFromJson('password').unsafeUnwrap()] },
  });
  const group = new CfnUserGroup(scope, 'Users', { engine: 'valkey', userGroupId: 'tidemark', userIds: [user.ref] });
  return new CfnServerlessCache(scope, 'Cache', {
    engine: 'valkey',
    majorEngineVersion: '8',
    serverlessCacheName: 'tidemark',
    subnetIds: vpc.selectSubnets({ subnetType: SubnetType.PRIVATE_WITH_EGRESS }).subnetIds,
    securityGroupIds: [securityGroup.securityGroupId],
    userGroupId: group.ref,
    cacheUsageLimits: { dataStorage: { maximum: 1, unit: 'GB' }, ecpuPerSecond: { maximum: 5000 } },
  });
}
