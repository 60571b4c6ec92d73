/** What the SDK reads, with values that are nobody's. Each test file is a process or thread of its own. */
export function useAwsEnvironment(endpoint: string): void {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'nobody',
    ['AWS_SECRET_ACCESS' + '_KEY']: 'nothing',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
}
