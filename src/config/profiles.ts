/** Profiles: options that differ between development, staging and production, in one file. */
import { ConfigurationError } from "../model/errors.ts";
import { PROFILE_VARIABLE, type Environment } from "./environment.ts";
import { isPlainObject, layered, type ConfigObject } from "./layers.ts";
import { nearestOf } from "../model/nearest-name.ts";
import type { ConfigFile } from "./file.ts";

/** Allowed names of profiles. */
const PROFILES = ["development", "staging", "production"] as const;

/** Name of a profile. */
export type Profile = (typeof PROFILES)[number];

/** The selected profile. */
interface Choice {
  readonly name: string;
  /** Whether it was selected for the store, and not by NODE_ENV. */
  readonly isOwn: boolean;
  readonly by: string;
}

/** Returns the options of a file with the active profile applied. */
export function applyProfile(file: ConfigFile | null, given: Profile | undefined, env: Environment): ConfigObject {
  const choice = chosen(given, env);
  if (choice?.isOwn === true) checkName(choice);
  const { profiles, ...base } = file?.content ?? {};
  if (file !== null) checkProfiles(profiles, file.path);
  const profile = isPlainObject(profiles) && choice !== null && Object.hasOwn(profiles, choice.name) ? profiles[choice.name] : undefined;
  if (isPlainObject(profile)) return layered(base, profile);
  // NODE_ENV serves other programs too, so a value without a profile is not an error.
  if (choice === null || !choice.isOwn) return base;
  throw new ConfigurationError(
    `The profile "${choice.name}" was selected by ${choice.by}, but ` +
      (file === null ? "there is no configuration file." : `${file.path} has no such entry under profiles.`),
  );
}

function chosen(given: Profile | undefined, env: Environment): Choice | null {
  if (given !== undefined) return { name: given, isOwn: true, by: "the option profile" };
  const own = env[PROFILE_VARIABLE];
  if (own !== undefined && own !== "") return { name: own, isOwn: true, by: PROFILE_VARIABLE };
  const general = env["NODE_ENV"];
  return general === undefined || general === "" ? null : { name: general, isOwn: false, by: "NODE_ENV" };
}

function checkName({ name, by }: Choice): void {
  if ((PROFILES as readonly string[]).includes(name)) return;
  throw new ConfigurationError(`${by} must be development, staging or production, but is ${JSON.stringify(name.slice(0, 40))}.`);
}

function checkProfiles(profiles: unknown, path: string): void {
  if (profiles === undefined) return;
  if (!isPlainObject(profiles)) throw new ConfigurationError(`profiles in ${path} must be an object of ${PROFILES.join(", ")}.`);
  for (const [name, options] of Object.entries(profiles)) {
    if (!(PROFILES as readonly string[]).includes(name)) {
      const near = nearestOf(name, PROFILES);
      throw new ConfigurationError(
        `profiles.${name} in ${path}: is not a profile; ${near === null ? `profiles are ${PROFILES.join(", ")}` : `did you mean ${near}?`}`,
      );
    }
    if (!isPlainObject(options)) throw new ConfigurationError(`profiles.${name} in ${path} must be an object of options.`);
  }
}
