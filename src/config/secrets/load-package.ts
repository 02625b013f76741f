/** Loads optional packages. */
import type * as Aws from "@aws-sdk/client-secrets-manager";
import type * as AzureIdentity from "@azure/identity";
import type * as AzureSecrets from "@azure/keyvault-secrets";
import { ConfigurationError } from "../../model/errors.ts";
import { importAtRunTime } from "../../model/optional-import.ts";
import { isError } from "../../model/realms.ts";

/** Packages that are loaded when a secret reference needs them. */
interface OptionalPackages {
  readonly "@aws-sdk/client-secrets-manager": typeof Aws;
  readonly "@azure/identity": typeof AzureIdentity;
  readonly "@azure/keyvault-secrets": typeof AzureSecrets;
}

type OptionalPackage = keyof OptionalPackages;

/**
 * Loads a package.
 *
 * @throws {ConfigurationError} with the command to install the package when it is missing
 */
export async function loadPackage<Name extends OptionalPackage>(
  name: Name,
  load: (name: string) => Promise<unknown> = importAtRunTime,
): Promise<OptionalPackages[Name]> {
  try {
    return (await load(name)) as OptionalPackages[Name];
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
