/** Loads packages that only those need who use what they are for. */
import { ConfigurationError } from "../../model/errors.ts";

/** The packages that are loaded when a reference needs them. */
export type OptionalPackage = "@aws-sdk/client-secrets-manager" | "@azure/identity" | "@azure/keyvault-secrets";

/**
 * Loads a package.
 *
 * @throws {ConfigurationError} saying what to install where it is missing
 */
export async function loadPackage<Module>(name: OptionalPackage, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    // What is missing may also be something that the package itself needs; then its own message says more.
    if (!isMissing(error) || !error.message.includes(name)) throw error;
    throw new ConfigurationError(`The package ${name} reads such secrets, and is not installed: npm install ${name}`, {
      details: { package: name },
    });
  }
}

function isMissing(error: unknown): error is Error {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
