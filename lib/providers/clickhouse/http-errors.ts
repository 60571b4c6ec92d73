/** What is answered instead of a result, in ClickHouse's own words: a number, its name and a sentence. */
export class RequestError extends Error {
  readonly code: number;
  readonly type: string;

  constructor(code: number, type: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RequestError';
    this.code = code;
    this.type = type;
  }
}

export function syntaxError(message: string): RequestError {
  return new RequestError(62, 'SYNTAX_ERROR', `Syntax error: ${message}`);
}

export function accessDenied(message: string): RequestError {
  return new RequestError(497, 'ACCESS_DENIED', message);
}

// The table of a ClickHouse server, by error name (ClickHouse/ClickHouse, src/Server/HTTP/exceptionCodeToHTTPStatus.cpp); all others are 500.
const STATUS_OF: Readonly<Record<number, readonly string[]>> = {
  400: [
    'BAD_ARGUMENTS',
    'CANNOT_COMPILE_REGEXP',
    'CANNOT_PARSE_TEXT',
    'CANNOT_PARSE_ESCAPE_SEQUENCE',
    'CANNOT_PARSE_QUOTED_STRING',
    'CANNOT_PARSE_DATE',
    'CANNOT_PARSE_DATETIME',
    'CANNOT_PARSE_NUMBER',
    'CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING',
    'CANNOT_PARSE_IPV4',
    'CANNOT_PARSE_IPV6',
    'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
    'CANNOT_PARSE_UUID',
    'DUPLICATE_COLUMN',
    'ILLEGAL_COLUMN',
    'UNKNOWN_ELEMENT_IN_AST',
    'UNKNOWN_TYPE_OF_AST_NODE',
    'THERE_IS_NO_COLUMN',
    'TOO_DEEP_AST',
    'TOO_BIG_AST',
    'UNEXPECTED_AST_STRUCTURE',
    'SYNTAX_ERROR',
    'INCORRECT_DATA',
    'TYPE_MISMATCH',
    'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE',
  ],
  401: ['REQUIRED_PASSWORD'],
  403: ['UNKNOWN_USER', 'WRONG_PASSWORD', 'AUTHENTICATION_FAILED', 'SET_NON_GRANTED_ROLE', 'ACCESS_DENIED'],
  404: [
    'UNKNOWN_TABLE',
    'UNKNOWN_FUNCTION',
    'UNKNOWN_IDENTIFIER',
    'UNKNOWN_TYPE',
    'UNKNOWN_STORAGE',
    'UNKNOWN_DATABASE',
    'UNKNOWN_SETTING',
    'UNKNOWN_DIRECTION_OF_SORTING',
    'UNKNOWN_AGGREGATE_FUNCTION',
    'UNKNOWN_FORMAT',
    'UNKNOWN_DATABASE_ENGINE',
    'UNKNOWN_TYPE_OF_QUERY',
    'UNKNOWN_ROLE',
  ],
  408: ['TIMEOUT_EXCEEDED'],
  413: ['QUERY_IS_TOO_LARGE'],
  415: ['UNSUPPORTED_MEDIA_TYPE'],
  501: ['NOT_IMPLEMENTED'],
  503: ['SOCKET_TIMEOUT', 'CANNOT_OPEN_FILE', 'CANNOT_SCHEDULE_TASK'],
};

const STATUS_BY_TYPE = new Map(
  Object.entries(STATUS_OF).flatMap(([status, types]) => types.map((type) => [type, Number(status)] as const)),
);

export function httpStatusOf(error: RequestError): number {
  return STATUS_BY_TYPE.get(error.type) ?? 500;
}

/** Whatever was thrown, as an error to answer with. The engine's errors carry number and name; anything else is ours and unexpected. */
export function toRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  const { message, code, type } = error as { message?: unknown; code?: unknown; type?: unknown };
  if (typeof code === 'string' && /^\d+$/.test(code) && typeof type === 'string') {
    return new RequestError(Number(code), type, String(message).trim(), { cause: error });
  }
  return new RequestError(1002, 'UNKNOWN_EXCEPTION', typeof message === 'string' ? message : String(error), { cause: error });
}
