/** Loads optional packages. */
import { ConfigurationError } from "../../model/errors.ts";
import { isError } from "../../model/realms.ts";

/** Packages that are loaded when a secret reference needs them. */
export type OptionalPackage = "@aws-sdk/client-secrets-manager" | "@azure/identity" | "@azure/keyvault-secrets";

/**
 * Loads a package.
 *
 * @throws {ConfigurationError} with the command to install the package when it is missing
 */
export async function loadPackage<Module>(name: OptionalPackage, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    // If a dependency of the package is missing, its own message says more.
    if (!isMissing(error) || !error.message.includes(name)) throw error;
    throw new ConfigurationError(`The package ${name}, which reads such secrets, is not installed: npm install ${name}`, {
      details: { package: name },
    });
  }
}

function isMissing(error: unknown): error is Error {
  const code: unknown = isError(error) && "code" in error ? error.code : undefined;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
