// Stands for the SDK's chain of credential providers: Lambda gives a function its credentials in the environment, and nowhere else.
export const defaultProvider = () => async () => {
  // oxlint-disable-next-line node/no-process-env -- in a function's bundle only, where there is no other place
  const environment = process.env;
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = environment['AWS_SECRET_ACCESS' + '_KEY'];
  const sessionToken = environment['AWS_SESSION_TOKEN'];
  if (!accessKeyId || !secretAccessKey) {
    throw Object.assign(new Error('there are no credentials in the environment, where Lambda puts them'), {
      name: 'CredentialsProviderError',
    });
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
};
