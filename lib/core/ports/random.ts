/** Source of chance (jitter). Seeded in tests and simulations. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}
