import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { timeSeriesDbContract } from '../../contracts/time-series-db.contract.ts';
import { ledgerTablesContract } from '../../contracts/ledger-tables.contract.ts';
import { tradeTablesContract } from '../../contracts/trade-tables.contract.ts';
import { witnessTablesContract } from '../../contracts/witness-tables.contract.ts';

timeSeriesDbContract('the memory store', async () => createMemoryTimeSeriesDb());
tradeTablesContract('the memory store', async () => createMemoryTimeSeriesDb());
ledgerTablesContract('the memory store', async () => createMemoryTimeSeriesDb());
witnessTablesContract('the memory store', async () => createMemoryTimeSeriesDb());
