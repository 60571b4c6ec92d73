import { createMemoryStorage } from '#providers/memory/memory-storage.ts';
import { storageClientContract } from '../../contracts/storage-client.contract.ts';

storageClientContract('the memory storage', async () => createMemoryStorage());
