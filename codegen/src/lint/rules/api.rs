//! The rules for OpenAPI documents.

use super::rows;

rows! {
    // Words.
    API_INFO "api-info" Warning "the document says what the API is for: `info.description`"
        "OpenAPI 3.1, Info Object"
        "info: { title: Shop, version: 1.0.0 }"
        "info: { title: Shop, version: 1.0.0, description: Orders of a shop. }"
        "add `description` to `info`";
    OPERATION_ID_MISSING "operation-id-missing" Error "every operation has an `operationId`"
        "OpenAPI 3.1, Operation Object; generated clients name their functions by it"
        "get: { summary: Orders }"
        "get: { operationId: listOrders, summary: Orders }"
        "add an `operationId`";
    OPERATION_ID_FORM "operation-id-form" Warning "an `operationId` is in camelCase"
        "OpenAPI 3.1, Operation Object: follow common programming naming conventions"
        "operationId: list-orders"
        "operationId: listOrders"
        "write the id in camelCase";
    OPERATION_ID_REPEATED "operation-id-repeated" Error "no two operations have the same `operationId`"
        "OpenAPI 3.1, Operation Object: the id must be unique"
        "two operations with `operationId: getOrder`"
        "`operationId: getOrder` and `operationId: listOrders`"
        "give one of them another id";
    OPERATION_TAG "operation-tag" Warning "every operation has a tag"
        "OpenAPI 3.1, Operation Object; portals group by tags"
        "get: { operationId: listOrders }"
        "get: { operationId: listOrders, tags: [Orders] }"
        "add a tag";
    TAG_DECLARED "tag-declared" Warning "a tag of an operation is declared in the document's `tags`, with a description"
        "OpenAPI 3.1, Tag Object"
        "tags: [Ordes]"
        "tags: [Orders], and `Orders` among the document's tags"
        "declare the tag with a description, or mend its spelling";
    TAG_UNUSED "tag-unused" Warning "a declared tag has operations"
        "OpenAPI 3.1, Tag Object"
        "a tag `Returns` that no operation has"
        "a tag `Orders` that an operation has"
        "remove the tag";
    OPERATION_SUMMARY "operation-summary" Warning "every operation has a `summary`"
        "OpenAPI 3.1, Operation Object"
        "get: { operationId: listOrders }"
        "get: { operationId: listOrders, summary: Orders of a customer }"
        "add a few words";
    OPERATION_DESCRIPTION "operation-description" Warning "every operation has a `description`"
        "OpenAPI 3.1, Operation Object"
        "get: { operationId: listOrders, summary: Orders }"
        "get: { operationId: listOrders, summary: Orders, description: The orders of a customer by age. }"
        "say in a sentence what it does";
    PARAMETER_DESCRIPTION "parameter-description" Warning "every parameter has a `description`"
        "OpenAPI 3.1, Parameter Object"
        "{ name: status, in: query }"
        "{ name: status, in: query, description: Only orders that stand so. }"
        "say in a sentence what it does";
    SCHEMA_DESCRIPTION "schema-description" Warning "every schema under `components`, and every property, has a `description`"
        "JSON Schema 2020-12, Validation, section 9.1"
        "orderId: { type: string }"
        "orderId: { type: string, description: The order. }"
        "say in a sentence what it holds";
    // Examples.
    BODY_EXAMPLE "body-example" Info "the JSON body of a request, and of a response with status 200 or 201, has an example"
        "OpenAPI 3.1, Media Type Object"
        "application/json: { schema: … }"
        "application/json: { schema: …, example: { orderId: order-7 } }"
        "add an `example`";
    PARAMETER_EXAMPLE "parameter-example" Info "a parameter of free text or number in a path or query has an example, a default or an enum"
        "OpenAPI 3.1, Parameter Object"
        "{ name: customerId, in: query, schema: { type: string } }"
        "{ name: customerId, in: query, schema: { type: string }, example: customer-7 }"
        "add an `example`";
    PROPERTY_EXAMPLE "property-example" Info "a property of free text or number has an example, a default or an enum"
        "JSON Schema 2020-12, Validation, section 9.5"
        "orderId: { type: string }"
        "orderId: { type: string, examples: [order-7] }"
        "add `examples`";
    EXAMPLE_VALID "example-valid" Error "an example is a value that its schema allows"
        "OpenAPI 3.1, Media Type Object: the example should match its schema"
        "{ type: integer, examples: [seven] }"
        "{ type: integer, examples: [7] }"
        "mend the example, or the schema";
    DEFAULT_VALID "default-valid" Error "a default is a value that its schema allows"
        "OpenAPI 3.1, Schema Object: the default must conform to its schema"
        "{ type: integer, minimum: 1, default: 0 }"
        "{ type: integer, minimum: 1, default: 1 }"
        "mend the default, or the schema";
    // Responses.
    SUCCESS_RESPONSE "success-response" Error "every operation has a response for success: a status 2xx or 3xx"
        "OpenAPI 3.1, Responses Object"
        "responses: { '400': … }"
        "responses: { '200': …, '400': … }"
        "add the response that success has";
    ERROR_RESPONSE "error-response" Warning "every operation has a response for a request that is wrong: a status 4xx, or `default`"
        "OpenAPI 3.1, Responses Object: known errors should be covered"
        "responses: { '200': … }"
        "responses: { '200': …, '400': … }"
        "add the responses that errors have";
    PROBLEM_JSON "problem-json" Warning "a response with a status 4xx or 5xx has a body of `application/problem+json`"
        "RFC 9457"
        "'404': { content: { application/json: … } }"
        "'404': { content: { application/problem+json: … } }"
        "describe the body as `application/problem+json`";
    NO_CONTENT "no-content" Error "a response with status 204, 205 or 304 has no body"
        "RFC 9110, section 6.4.1"
        "'204': { content: … }"
        "'204': { description: Deleted. }"
        "remove `content`, or use another status";
    BODY_ON_GET "body-on-get" Error "a GET, HEAD or DELETE has no request body"
        "RFC 9110, section 9.3: its content has no meaning"
        "get: { requestBody: … }"
        "get: { parameters: [{ name: status, in: query }] }"
        "say it in query parameters, or use another method";
    // Lists.
    PAGINATION "pagination" Warning "a GET that answers with a list takes a parameter for the size of a page and one for its place"
        "a list without pages grows until it fails"
        "GET /orders answers with an array, and takes no parameters"
        "GET /orders takes `limit` and `pageToken`"
        "add the parameters `limit` and `pageToken`";
    LIMIT_MAXIMUM "limit-maximum" Warning "the parameter for the size of a page has a `minimum`, a `maximum` and a `default`"
        "OWASP API Security Top 10 2023, API4"
        "{ name: limit, schema: { type: integer } }"
        "{ name: limit, schema: { type: integer, minimum: 1, maximum: 1000, default: 200 } }"
        "add what is missing";
    // Bounds of what clients send.
    STRING_MAX_LENGTH "string-max-length" Warning "a string that clients send is bounded: by `maxLength`, `enum`, a format of bounded length or a pattern that ends"
        "OWASP API Security Top 10 2023, API4"
        "{ type: string }"
        "{ type: string, maxLength: 64 }"
        "add `maxLength`";
    ARRAY_MAX_ITEMS "array-max-items" Warning "an array that clients send is bounded by `maxItems`"
        "OWASP API Security Top 10 2023, API4"
        "{ type: array, items: … }"
        "{ type: array, maxItems: 100, items: … }"
        "add `maxItems`";
    NUMBER_RANGE "number-range" Warning "a number that clients send has a lower and an upper bound"
        "OWASP API Security Top 10 2023, API4"
        "{ type: integer, format: int32 }"
        "{ type: integer, format: int32, minimum: 1, maximum: 500 }"
        "add `minimum` and `maximum`";
    RANGE_EMPTY "range-empty" Error "the bounds of a schema leave a value: no lower one is above the upper one"
        "JSON Schema 2020-12, Validation, section 6"
        "{ minimum: 10, maximum: 1 }"
        "{ minimum: 1, maximum: 10 }"
        "mend one of the two";
    OBJECT_CLOSED "object-closed" Warning "an object with properties says `additionalProperties: false`, or what further ones hold"
        "OWASP API Security Top 10 2023, API3; design, section 3"
        "{ type: object, properties: … }"
        "{ type: object, additionalProperties: false, properties: … }"
        "add `additionalProperties: false`, or a schema for them";
    PATTERN_ANCHORED "pattern-anchored" Warning "a pattern says where it begins and ends: `^…$`"
        "JSON Schema 2020-12, Core, section 6.4: patterns are not anchored"
        "pattern: '[A-Z]{3}'"
        "pattern: '^[A-Z]{3}$'"
        "write the pattern as `^…$`";
    PATTERN_VALID "pattern-valid" Error "a pattern is a regular expression"
        "ECMA-262; JSON Schema 2020-12, Core, section 6.4"
        "pattern: '^[A-Z{3}$'"
        "pattern: '^[A-Z]{3}$'"
        "mend the pattern";
    // Types.
    INTEGER_FORMAT "integer-format" Warning "an integer has the format `int32` or `int64`"
        "OpenAPI 3.1, Data Types; design, section 3"
        "{ type: integer }"
        "{ type: integer, format: int32 }"
        "add `format: int32` or `format: int64`";
    MONEY_NUMBER "money-number" Error "money is a string of format `decimal`, never a number"
        "RFC 8259, section 6: a JSON number may become a double; design, section 3"
        "totalAmount: { type: number }"
        "totalAmount: { type: string, format: decimal }"
        "use `type: string` and `format: decimal`";
    TIME_FORMAT "time-format" Warning "a point in time has the format `date-time`, a day the format `date`"
        "RFC 3339; OpenAPI 3.1, Data Types"
        "placedAt: { type: string }"
        "placedAt: { type: string, format: date-time }"
        "add the format";
    UUID_FORMAT "uuid-format" Warning "what holds a UUID has the format `uuid`"
        "RFC 9562; OpenAPI 3.1, Data Types"
        "orderId: { type: string, examples: [7b1f3c52-9a4e-5d0a-8f2e-0a4b6c1d2e3f] }"
        "orderId: { type: string, format: uuid, examples: [7b1f3c52-9a4e-5d0a-8f2e-0a4b6c1d2e3f] }"
        "add `format: uuid`";
    NULLABLE_KEYWORD "nullable-keyword" Error "a document of OpenAPI 3.1 says `type: [string, 'null']`; `nullable` is gone"
        "OpenAPI 3.1, migration from 3.0: JSON Schema knows no `nullable`"
        "{ type: string, nullable: true }"
        "{ type: [string, 'null'] }"
        "list `'null'` among the types";
    REQUIRED_UNKNOWN "required-unknown" Warning "`required` names properties that the schema declares"
        "JSON Schema 2020-12, Validation, section 6.5.3"
        "{ required: [orderID], properties: { orderId: … } }"
        "{ required: [orderId], properties: { orderId: … } }"
        "declare the property, or mend its spelling";
    ENDLESS_SCHEMA "endless-schema" Error "a schema can be met by a value that ends: no required property leads back to it"
        "JSON Schema 2020-12, Core, section 9.4.1"
        "Node: { required: [next], properties: { next: { $ref: Node } } }"
        "Node: { properties: { next: { $ref: Node } } }"
        "make one of the properties optional";
    // Names.
    PATH_KEBAB "path-kebab" Warning "the parts of a path are in kebab-case"
        "RFC 3986, section 6.2.2.1: paths tell capitals apart"
        "/orderLines"
        "/order-lines"
        "write the part in small letters with hyphens";
    PATH_PLURAL "path-plural" Warning "the part of a path before an id is a noun in the plural"
        "one name for the list and its items"
        "/order/{orderId}"
        "/orders/{orderId}"
        "use the plural";
    PATH_TRAILING_SLASH "path-trailing-slash" Error "a path has no `/` at its end and no empty part"
        "RFC 3986, section 3.3: `/orders/` is another path than `/orders`"
        "/orders/"
        "/orders"
        "remove the `/`";
    PARAMETER_NAME "parameter-name" Warning "the name of a parameter in a path or query is in camelCase"
        "the properties of bodies are named alike"
        "name: page_token"
        "name: pageToken"
        "write the name in camelCase";
    PROPERTY_NAME "property-name" Warning "the name of a property is in camelCase"
        "design, section 3: properties are named as the fields of records are"
        "order_id: …"
        "orderId: …"
        "write the name in camelCase";
    PROPERTY_CASE_CLASH "property-case-clash" Error "no two properties of a schema have names that differ in capitals and underscores only"
        "generated clients make one name of both"
        "orderId: …, orderID: …"
        "orderId: …, externalOrderId: …"
        "rename one of them";
    COMPONENT_NAME "component-name" Warning "the name of a component is in `PascalCase`"
        "OpenAPI 3.1, Components Object; generated clients name their types by it"
        "schemas: { order_view: … }"
        "schemas: { OrderView: … }"
        "write the name in PascalCase";
    ENUM_CASE "enum-case" Warning "the values of an enum are in `UPPER_SNAKE_CASE`"
        "design, section 3: they are symbols of an Avro enum"
        "enum: [placed, shipped]"
        "enum: [PLACED, SHIPPED]"
        "write the values in capitals, digits and underscores";
    // The document as a whole.
    COMPONENT_UNUSED "component-unused" Warning "a component is used"
        "what nobody uses nobody keeps true"
        "a schema that no operation leads to"
        "a schema that a response refers to"
        "refer to the component, or remove it";
    DEPRECATED_SUNSET "deprecated-sunset" Warning "what is deprecated says until when it is there: `x-sunset` with a date"
        "RFC 8594, the Sunset header"
        "deprecated: true"
        "deprecated: true, x-sunset: '2027-06-30'"
        "add `x-sunset` with the day after which it may go";
    IDEMPOTENCY_KEY "idempotency-key" Warning "an operation that sends a command takes the header `Idempotency-Key`"
        "design, section 5: a repeat is safe with a key"
        "post: { x-command: shop.PlaceOrder }"
        "post: { x-command: shop.PlaceOrder, parameters: [{ name: Idempotency-Key, in: header }] }"
        "add the header parameter `Idempotency-Key`";
}
