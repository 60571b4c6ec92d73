import { Stack, type App, type StackProps } from 'aws-cdk-lib';
import {
  CfnEIP,
  CpuCredits,
  GatewayVpcEndpointAwsService,
  InstanceClass,
  InstanceSize,
  InstanceType,
  NatProvider,
  NatTrafficDirection,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
  type Instance,
  type IVpc,
  type NatInstanceProviderV2,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { Config } from '#config/load.ts';
import { PROFILE_PARTS } from '#core/deployment-profile.ts';
import { acknowledge } from '../acknowledge.ts';
import { STORE_PORT } from '../constructs/clickhouse-host.ts';
import { CACHE_PORT } from '../constructs/serverless-cache.ts';

type ServiceGroups = Readonly<Record<'sync' | 'indicators' | 'verify' | 'migrate' | 'collector' | 'store' | 'cache', SecurityGroup>>;
export type NetworkStack = { readonly stack: Stack; readonly vpc: IVpc; readonly groups: ServiceGroups };

/** Two zones, public and private subnets, one small way out. Who may talk to whom stands here and nowhere else. */
export function createNetworkStack(app: App, { deployment }: Config, props: StackProps): NetworkStack {
  const { waysOut, hasOwnWayOut } = PROFILE_PARTS[deployment.profile];
  const stack = new Stack(app, 'tidemark-network', props);
  const provider = !hasOwnWayOut
    ? undefined
    : NatProvider.instanceV2({
        instanceType: InstanceType.of(InstanceClass.T4G, InstanceSize.NANO),
        associatePublicIpAddress: true,
        creditSpecification: CpuCredits.STANDARD,
        defaultAllowedTraffic: NatTrafficDirection.OUTBOUND_ONLY,
      });
  const made = new Vpc(stack, 'Vpc', {
    maxAzs: 2,
    natGateways: waysOut,
    ...(provider === undefined ? {} : { natGatewayProvider: provider }),
    subnetConfiguration: [
      { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 22, mapPublicIpOnLaunch: false },
      { name: 'private', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 20 },
    ],
    gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
  });
  // The CDK's own classes do not keep its interfaces under exact optional types.
  const vpc = made as IVpc;
  acknowledge(vpc, { VPC7: 'Flow logs cost more than the traffic they describe; docs/deploy.md says how to switch them on for a while.' });
  if (provider !== undefined) hardenNat(stack, vpc, provider);
  return { stack, vpc, groups: serviceGroups(stack, vpc, deployment) };
}

/** An address of our own that outlives the machine, an encrypted disk, and traffic from inside only. */
function hardenNat(stack: Stack, vpc: IVpc, provider: NatInstanceProviderV2): void {
  provider.connections.allowFrom(Peer.ipv4(vpc.vpcCidrBlock), Port.allTraffic(), 'the private subnets');
  for (const [index, instance] of provider.gatewayInstances.entries()) {
    const made: Instance = instance;
    const resource = made.instance;
    resource.addPropertyOverride('BlockDeviceMappings', [
      { DeviceName: '/dev/xvda', Ebs: { Encrypted: true, VolumeSize: 8, VolumeType: 'gp3' } },
    ]);
    resource.addPropertyOverride('MetadataOptions', { HttpTokens: 'required' });
    new CfnEIP(stack, `NatAddress${index + 1}`, { domain: 'vpc', instanceId: made.instanceId });
    acknowledge(made, {
      EC26: 'Its disk is encrypted by an override that the rule does not see; a test looks at the template.',
      EC28: 'Detailed monitoring bills per metric; when it fails, candles are late and that is an alarm.',
      EC29: 'It holds nothing; the next one takes its address.',
    });
  }
  for (const group of provider.connections.securityGroups)
    acknowledge(group, { EC23: 'The range is that of this network; the rule cannot read the reference. A test looks at the template.' });
}

/** A security group a service, closed on the way in and open on the way out only to what the service talks to. */
function serviceGroups(scope: Construct, vpc: IVpc, { clickhouse, cache: external }: Config['deployment']): ServiceGroups {
  const group = (name: string, description: string): SecurityGroup =>
    new SecurityGroup(scope, `${name}-group`, { vpc, description, allowAllOutbound: false });
  const groups = {
    sync: group('sync', 'tidemark sync'),
    indicators: group('indicators', 'tidemark indicators'),
    verify: group('verify', 'tidemark verify'),
    migrate: group('migrate', 'tidemark migrate'),
    collector: group('collector', 'tidemark collector'),
    store: group('store', 'tidemark ClickHouse'),
    cache: group('cache', 'tidemark cache'),
  };
  const { sync, indicators, verify, migrate, collector, store, cache } = groups;
  // Exchanges have no fixed addresses, and Secrets Manager, Kinesis and ClickHouse Cloud are at the same port.
  for (const client of [sync, indicators, verify, migrate, collector, store]) client.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'HTTPS');
  const storePort = portOf(clickhouse.url, 443);
  if (storePort !== 443)
    for (const client of [sync, indicators, verify, migrate, collector])
      client.addEgressRule(Peer.anyIpv4(), Port.tcp(storePort), 'ClickHouse elsewhere');
  const cachePort = external.provider === 'external' ? portOf(external.url, CACHE_PORT) : 443;
  if (cachePort !== 443)
    for (const client of [sync, indicators, collector]) client.addEgressRule(Peer.anyIpv4(), Port.tcp(cachePort), 'the cache elsewhere');
  collector.addEgressRule(Peer.anyIpv4(), Port.tcp(9443), 'Binance, live');
  store.addEgressRule(Peer.anyIpv4(), Port.tcp(80), 'packages of the operating system');
  for (const client of [sync, indicators, verify, migrate, collector])
    store.connections.allowFrom(client, Port.tcp(STORE_PORT), 'the store');
  for (const client of [sync, indicators, collector]) cache.connections.allowFrom(client, Port.tcp(CACHE_PORT), 'the cache');
  // A cache on ClickHouse's machine.
  for (const client of [sync, indicators, collector])
    store.connections.allowFrom(client, Port.tcp(CACHE_PORT), 'the cache beside the store');
  return groups;
}

function portOf(url: string, usual: number): number {
  const port = URL.canParse(url) ? new URL(url).port : '';
  return port === '' ? usual : Number(port);
}
