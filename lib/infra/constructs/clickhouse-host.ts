import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Aws, Fn, RemovalPolicy, Size, Stack, Tags, Validations } from 'aws-cdk-lib';
import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  Instance,
  InstanceType,
  MachineImage,
  OperatingSystemType,
  SubnetType,
  UserData,
  Volume,
  type ISecurityGroup,
  type IVpc,
} from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge, bucketFinding } from '../acknowledge.ts';

export type ClickHouseHostProps = {
  readonly vpc: IVpc;
  readonly securityGroup: ISecurityGroup;
  readonly instanceType: string;
  readonly volumeGb: number;
  /** Empty: the newest Amazon Linux 2023 at each deploy. */
  readonly ami: string;
  readonly password: ISecret;
  readonly backups: Bucket;
  readonly database: string;
  /** Whether the cache lives on this machine too. */
  readonly hasCache: boolean;
};

export type ClickHouseHost = { readonly instance: Instance; readonly volume: Volume; readonly address: string };

export const STORE_PORT = 8123;
/** Where the machine says how full its volume is, in percent. */
export const METRIC_NAMESPACE = 'Tidemark';
export const DISK_METRIC = 'DiskUsedPercent';
export const STORE_USER = 'tidemark';

const NEWEST_IMAGE = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64';
const ROLE_TAG = 'tidemark:role';

/** What Session Manager needs, and no more: there is no other way in. */
const SESSION_ACTIONS = [
  'ssm:UpdateInstanceInformation',
  'ssmmessages:CreateControlChannel',
  'ssmmessages:CreateDataChannel',
  'ssmmessages:OpenControlChannel',
  'ssmmessages:OpenDataChannel',
];

/**
 * A machine with a volume that outlives it. The machine attaches the volume itself at its start, and waits for it as long as an older machine
 * holds it: so a new machine can be made before the old one is gone, which is the only order that CloudFormation knows.
 */
export function createClickHouseHost(parent: Construct, props: ClickHouseHostProps): ClickHouseHost {
  const { vpc, securityGroup, ami } = props;
  const scope = new Construct(parent, 'clickhouse');
  const zone = Fn.select(0, Fn.getAzs());
  const volume = new Volume(scope, 'Volume', {
    availabilityZone: zone,
    size: Size.gibibytes(props.volumeGb),
    volumeType: EbsDeviceVolumeType.GP3,
    encrypted: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const role = new Role(scope, 'Role', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
  const userData = UserData.forLinux();
  userData.addCommands(bootScript(props, volume));
  const instance = new Instance(scope, 'Instance', {
    vpc,
    // The first private subnet lies in the first zone, as the volume does.
    vpcSubnets: { subnets: vpc.selectSubnets({ subnetType: SubnetType.PRIVATE_WITH_EGRESS }).subnets.slice(0, 1) },
    securityGroup,
    instanceType: new InstanceType(props.instanceType),
    machineImage:
      ami === ''
        ? MachineImage.fromSsmParameter(NEWEST_IMAGE, { os: OperatingSystemType.LINUX })
        : MachineImage.genericLinux({ [regionOf(scope)]: ami }),
    role,
    userData,
    userDataCausesReplacement: true,
    requireImdsv2: true,
    blockDevices: [
      { deviceName: '/dev/xvda', volume: BlockDeviceVolume.ebs(12, { encrypted: true, volumeType: EbsDeviceVolumeType.GP3 }) },
    ],
  });
  Tags.of(instance).add(ROLE_TAG, 'clickhouse');
  if (ami !== '') Validations.of(instance).acknowledge({ id: 'CloudFormation-Validate::W9010', reason: 'Pinned by the configuration.' });
  grant(role, props, volume);
  acknowledge(instance, {
    EC28: 'Detailed monitoring bills per metric; the alarms are on data.',
    EC29: 'The machine may go at any time: everything that counts is on the volume, which is kept.',
  });
  return { instance, volume, address: instance.instancePrivateIp };
}

function regionOf(scope: Construct): string {
  return Stack.of(scope).region;
}

function grant(role: Role, { password, backups }: ClickHouseHostProps, volume: Volume): void {
  const arn = (resource: string) => `arn:${Aws.PARTITION}:ec2:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;
  const statements = [
    new PolicyStatement({ actions: ['ec2:AttachVolume'], resources: [arn(`volume/${volume.volumeId}`)] }),
    new PolicyStatement({
      actions: ['ec2:AttachVolume'],
      resources: [arn('instance/*')],
      conditions: { StringEquals: { [`aws:ResourceTag/${ROLE_TAG}`]: 'clickhouse' } },
    }),
    new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [password.secretArn] }),
    new PolicyStatement({ actions: ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'], resources: [backups.arnForObjects('backups/*')] }),
    new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [backups.bucketArn],
      conditions: { StringLike: { 's3:prefix': 'backups/*' } },
    }),
    new PolicyStatement({ actions: SESSION_ACTIONS, resources: ['*'] }),
    new PolicyStatement({
      actions: ['cloudwatch:PutMetricData'],
      resources: ['*'],
      conditions: { StringEquals: { 'cloudwatch:namespace': METRIC_NAMESPACE } },
    }),
  ];
  for (const statement of statements) role.addToPolicy(statement);
  acknowledge(role, {
    [bucketFinding(backups, 'backups/*')]: 'Backups, whose names are dates, below one prefix.',
    'IAM5[Resource::*]': 'Session Manager and metrics: their actions take no resource. There is no SSH, and one namespace.',
    'IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:instance/*]':
      'The machine attaches its volume to itself; the condition leaves only machines with its tag.',
  });
}

/** The script of `clickhouse-host.sh` with its values. The password is fetched by the machine, so it stands in no template. */
function bootScript(props: ClickHouseHostProps, volume: Volume): string {
  const values: Readonly<Record<string, string>> = {
    REGION: Aws.REGION,
    VOLUME_ID: volume.volumeId,
    SECRET_ARN: props.password.secretArn,
    BUCKET: props.backups.bucketName,
    DATABASE: props.database,
    STORE_USER,
    METRIC_NAMESPACE,
    DISK_METRIC,
    HAS_CACHE: props.hasCache ? 'yes' : 'no',
  };
  const assignments = Object.entries(values).map(([name, value]) => `${name}='${value}'`);
  return [...assignments, readFileSync(join(import.meta.dirname, 'clickhouse-host.sh'), 'utf8')].join('\n');
}
