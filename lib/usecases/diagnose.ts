// What a host may say about a deployment: the rules are pure, the host looks.
export { exchangeFailure, exchangeFindings, regionFindings } from '#domain/diagnosis/exchange-findings.ts';
export { bySeverity, good, type Finding } from '#domain/diagnosis/finding.ts';
export { accountFailure, quotaFinding, quotaNeeds, quotasNotAsked } from '#domain/diagnosis/quota-findings.ts';
