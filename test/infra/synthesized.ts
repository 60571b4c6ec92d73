import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { loadConfig } from '#config/load.ts';
import { createPlatform } from '#infra/platform.ts';
import type { Stage } from '#infra/stage.ts';

export const ROOT = join(import.meta.dirname, '../..');

export type Resource = {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly DependsOn?: readonly string[];
};

export type Synthesized = {
  readonly stacks: readonly string[];
  /** By stack and logical id. */
  readonly resources: ReadonlyMap<string, Resource>;
  /** Every template as one text. */
  readonly text: string;
  readonly messages: readonly string[];
  /** Resources of a type, by stack and logical id. */
  of(type: string): readonly (Resource & { readonly id: string })[];
};

export type SynthesizeOptions = {
  readonly environment?: Readonly<Record<string, string>>;
  readonly context?: Readonly<Record<string, unknown>>;
  /** Bundles are made only where they are looked at: they take most of the time. */
  readonly bundles?: boolean;
  readonly outdir?: string;
};

/** The templates of a stage, made as `cdk synth` makes them, with the flags of cdk.json. */
export function synthesize(stage: Stage, { environment = {}, context = {}, bundles = false, outdir }: SynthesizeOptions = {}): Synthesized {
  const flags = (JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> }).context;
  const app = new App({
    context: { ...flags, ...context, ...(bundles ? {} : { 'aws:cdk:bundling-stacks': [] }) },
    ...(outdir === undefined ? {} : { outdir }),
  });
  createPlatform(app, loadConfig(join(ROOT, 'config'), environment), { stage, environment });
  const { stacks } = app.synth();
  const resources = new Map<string, Resource>();
  for (const { stackName, template } of stacks)
    for (const [id, resource] of Object.entries((template as { Resources: Record<string, Resource> }).Resources))
      resources.set(`${stackName}/${id}`, resource);
  return {
    stacks: stacks.map(({ stackName }) => stackName),
    resources,
    text: stacks.map(({ template }) => JSON.stringify(template)).join('\n'),
    messages: stacks.flatMap(({ messages }) => messages.map(({ level, entry }) => `${level}: ${JSON.stringify(entry.data)}`)),
    of: (type) => [...resources].flatMap(([id, resource]) => (resource.Type === type ? [{ id, ...resource }] : [])),
  };
}
