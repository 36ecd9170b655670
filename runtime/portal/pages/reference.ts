/** The API reference: Swagger UI on the contract's document, with requests to this host. */

import { authorization, CHANGED, credentials } from "./access";

interface SwaggerRequest {
  headers: Record<string, string>;
}
interface SwaggerSettings {
  spec: unknown;
  dom_id: string;
  deepLinking: boolean;
  docExpansion: "list" | "none";
  defaultModelsExpandDepth: number;
  displayRequestDuration: boolean;
  filter: boolean;
  tryItOutEnabled: boolean;
  persistAuthorization: boolean;
  validatorUrl: null;
  requestInterceptor: (request: SwaggerRequest) => SwaggerRequest;
  onComplete: () => void;
}
interface Swagger {
  preauthorizeApiKey(scheme: string, key: string): void;
}
declare const SwaggerUIBundle: (settings: SwaggerSettings) => Swagger;

interface Parameter {
  required?: boolean;
  example?: unknown;
  examples?: unknown;
}
interface Contract {
  servers?: { url: string; description?: string }[];
  paths: Record<string, Record<string, { parameters?: Parameter[] }>>;
  components?: { parameters?: Record<string, Parameter> };
}

/** Examples of what may be left out are left out: a form would send a cursor that nobody has seen. */
function withoutOptional(contract: Contract): void {
  const operations = Object.values(contract.paths).flatMap((path) => Object.values(path));
  const own = operations.flatMap((operation) => operation.parameters ?? []);
  for (const parameter of [...own, ...Object.values(contract.components?.parameters ?? {})]) {
    if (parameter.required === true) continue;
    delete parameter.example;
    delete parameter.examples;
  }
}

async function begin(): Promise<void> {
  // Its dark colours hang on a class, ours on what the system prefers.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = (): void => {
    document.documentElement.classList.toggle("dark-mode", dark.matches);
  };
  dark.addEventListener("change", follow);
  follow();

  const contract = (await (await fetch("/openapi.json")).json()) as Contract;
  // Wherever the contract was written, requests go to the host that serves it.
  contract.servers = [{ url: location.origin, description: "This host." }];
  withoutOptional(contract);
  const swagger = SwaggerUIBundle({
    spec: contract,
    dom_id: "#reference",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    tryItOutEnabled: false,
    persistAuthorization: false,
    validatorUrl: null,
    requestInterceptor: (request) => {
      const chosen = request.headers["X-API-Key"] ?? request.headers["Authorization"];
      if (chosen === undefined) Object.assign(request.headers, authorization());
      return request;
    },
    onComplete: () => document.getElementById("reference")?.setAttribute("data-ready", ""),
  });
  const authorize = (): void => {
    const key = authorization()["X-API-Key"];
    if (key !== undefined && credentials() !== null) swagger.preauthorizeApiKey("apiKey", key);
  };
  window.addEventListener(CHANGED, authorize);
}

void begin().catch((error: unknown) => {
  const place = document.getElementById("reference");
  if (place !== null) place.textContent = `The contract could not be shown: ${String(error)}`;
});
