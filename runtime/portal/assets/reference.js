"use strict";
(() => {
  // runtime/portal/pages/access.ts
  var KEPT = "charter.credentials";
  var CHANGED = "charter-credentials";
  function credentials() {
    const kept = sessionStorage.getItem(KEPT);
    return kept === null ? null : JSON.parse(kept);
  }
  function secret() {
    const known = credentials();
    if (known === null) return {};
    return known.secret.split(".").length === 3 ? { token: known.secret } : { apiKey: known.secret };
  }
  function authorization() {
    const { apiKey, token } = secret();
    if (token !== void 0) return { Authorization: `Bearer ${token}` };
    return apiKey === void 0 ? {} : { "X-API-Key": apiKey };
  }

  // runtime/portal/pages/reference.ts
  function withoutOptional(contract) {
    const operations = Object.values(contract.paths).flatMap((path) => Object.values(path));
    const own = operations.flatMap((operation) => operation.parameters ?? []);
    for (const parameter of [...own, ...Object.values(contract.components?.parameters ?? {})]) {
      if (parameter.required === true) continue;
      delete parameter.example;
      delete parameter.examples;
    }
  }
  async function begin() {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => {
      document.documentElement.classList.toggle("dark-mode", dark.matches);
    };
    dark.addEventListener("change", follow);
    follow();
    const contract = await (await fetch("/openapi.json")).json();
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
        if (chosen === void 0) Object.assign(request.headers, authorization());
        return request;
      },
      onComplete: () => document.getElementById("reference")?.setAttribute("data-ready", "")
    });
    const authorize = () => {
      const key = authorization()["X-API-Key"];
      if (key !== void 0 && credentials() !== null) swagger.preauthorizeApiKey("apiKey", key);
    };
    window.addEventListener(CHANGED, authorize);
  }
  void begin().catch((error) => {
    const place = document.getElementById("reference");
    if (place !== null) place.textContent = `The contract could not be shown: ${String(error)}`;
  });
})();
