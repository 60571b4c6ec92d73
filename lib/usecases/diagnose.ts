// What a host may say about a deployment: the rules are pure, the host looks.
export { exchangeFailure, exchangeFindings, regionFindings } from '#domain/diagnosis/exchange-findings.ts';
export { bySeverity, good, type Finding } from '#domain/diagnosis/finding.ts';
export { accountFindings, quotaNeeds, quotasNotAsked, type QuotaAnswer, type QuotaNeed } from '#domain/diagnosis/quota-findings.ts';
