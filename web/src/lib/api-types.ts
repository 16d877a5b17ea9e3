// Made by scripts/api_types.py from the server's OpenAPI document. Do not edit.

export type AboutAction = {
  title: string;
  domain: string;
  authentication: "none" | "api_key" | "oauth";
  /** Each user connects an account or key of their own. */
  asks_you: boolean;
  privacy_policy_url: string | null;
};

/** A GPT's page, for everybody who may talk to it. */
export type AboutOut = {
  id: string;
  name: string;
  description: string;
  welcome_message: string;
  starters: string[];
  category: string | null;
  picture_file_id: string | null;
  capabilities: Capabilities;
  actions: AboutAction[];
  owner_name: string;
  visibility: "private" | "link" | "public";
  version: number;
  level: "chat" | "view" | "edit" | "owner";
  published_at: number | null;
};

/** The message is stored; its turn runs whether or not anybody watches. */
export type AcceptedOut = {
  turn: TurnOut;
  event: StoredEvent;
  /** The same message under the same key was accepted before. */
  repeated: boolean;
};

/** Fields that are absent stay as they are. */
export type ActionChange = {
  /** `draft_revision` as you read it; 409 when somebody saved in between. */
  revision: number;
  /** One server for all calls; empty text: the document's. */
  base_url?: string | null;
  /** Names of functions that are not offered. */
  disabled_operations?: string[] | null;
  /** Empty text takes it away. */
  privacy_policy_url?: string | null;
  compatibility_headers?: boolean | null;
};

/** An action with its document, as the editor shows it. */
export type ActionOut = {
  gpt_id: string;
  draft_revision: number;
  action: ActionRow;
  text: string;
  source_url: string | null;
  reading: ReadingOut;
  /** What a person has to know about this change. */
  notices: string[];
  /** Of a Basic key that was just entered. */
  basic_looks_like: "user:pass" | "base64" | "opaque" | null;
};

/** An action in its GPT's settings. */
export type ActionRow = {
  id: string;
  title: string;
  domain: string;
  document_id: string;
  base_url: string | null;
  authentication: NoAuthentication | KeyAuthentication | OAuthAuthentication;
  secrets: SecretOut[];
  operations: number;
  tokens: number;
  disabled_operations: string[];
  privacy_policy_url: string | null;
  compatibility_headers: boolean;
  callback_url: string;
  /** Why its document cannot be used now. */
  problem: string | null;
};

export type AdminUser = {
  id: string;
  name: string;
  email: string | null;
  email_verified: boolean;
  role: "user" | "admin";
  state: "active" | "disabled";
  local: boolean;
  created_at: number;
  seen_at: number | null;
};

/** The call is named by id and digest alone: what runs is what was stored and shown. */
export type AnswerIn = {
  digest: string;
  decision: "allow" | "always_allow" | "decline";
  /** JSON text of changed arguments; the call is then proposed anew. */
  arguments?: string | null;
};

/** What was decided; the same for everybody who asks. */
export type AnswerOut = {
  /** allow, always_allow, decline, connected, not_connected, expired or void. */
  outcome: string;
  /** This very request decided it. */
  first: boolean;
  call_id: string;
  turn_id: string;
  at: number;
  /** Of the answer's event. */
  seq: number | null;
};

export type ApiTokenIn = {
  name: string;
  scopes?: ("chat" | "build" | "account" | "admin")[];
  /** It ends after so many days. */
  days?: number | null;
};

/** An API token; its text is shown once, when it is made. */
export type ApiTokenOut = {
  id: string;
  name: string;
  scopes: string[];
  last_four: string;
  created_at: number;
  expires_at: number | null;
  used_at: number | null;
};

export type AuditOut = {
  id: number;
  at: number;
  user_id: string | null;
  what: string;
  subject: string;
  details: Record<string, unknown>;
};

export type AuditPage = {
  entries: AuditOut[];
};

export type AuthenticationIn = {
  /** `draft_revision` as you read it; 409 when somebody saved in between. */
  revision: number;
  authentication: NoneIn | KeyIn | OAuthIn;
};

export type Body_uploadFile = {
  /** The file. */
  file: string;
  /** The conversation that it joins. */
  conversation_id?: string | null;
};

/** No answer, and nothing can have happened. */
export type CallFailed = {
  type: "call_failed";
  call_id: string;
  text: string;
  told_to: string;
  may_retry: boolean;
};

/** An answer came, whatever its status. */
export type CallFinished = {
  type: "call_finished";
  call_id: string;
  status: number;
  media_type: string;
  size: number;
  elapsed_ms: number;
  text: string;
  response: Record<string, unknown> | null;
  file_ids: string[];
};

/** The model asks for a call; arguments are checked, the request is built, nothing is sent. A second one of the same `call_id` takes the place of the first: after a sign-in, with arguments that the person changed, or when what would be sent is no longer what was shown. */
export type CallProposed = {
  type: "call_proposed";
  call_id: string;
  provider_call_id: string;
  function: string;
  arguments: string;
  action_id: string | null;
  operation: string | null;
  host: string | null;
  consequential: boolean;
  digest: string | null;
  request: Record<string, unknown> | null;
};

/** Not sent: wrong arguments, unknown function, a policy, or no budget left; the model is told `text`. */
export type CallRefused = {
  type: "call_refused";
  call_id: string;
  reason: "arguments" | "unknown_function" | "policy" | "budget" | "address" | "declined" | "expired" | "stopped" | "already_executed";
  text: string;
};

/** Committed before the journal's claim, which is committed before the first byte leaves. A call that was started and has no end after a crash is judged by the journal: not claimed means that nothing left. */
export type CallStarted = {
  type: "call_started";
  call_id: string;
  attempt: number;
};

/** Sent, no answer: it may have happened. Never re-sent by itself; *Check* and *Run again* are offered. */
export type CallUnknown = {
  type: "call_unknown";
  call_id: string;
  text: string;
};

export type Capabilities = {
  browsing?: boolean;
  images?: boolean;
  code?: boolean;
};

export type CheckIn = {
  text: string;
  /** In place of the document's servers. */
  base_url?: string | null;
  /** Whose rules; `openai`: the original's. */
  profile?: "actionry" | "openai";
};

export type ConfirmationAnswered = {
  type: "confirmation_answered";
  call_id: string;
  decision: "allow" | "always_allow" | "decline";
  by: string;
  arguments: string | null;
};

/** The turn ends here until a person answers; nothing waits in memory. */
export type ConfirmationAsked = {
  type: "confirmation_asked";
  call_id: string;
  digest: string;
  may_always_allow: boolean;
  reasons: string[];
  sentence: string;
  expires_at: number;
};

export type ConnectedOut = {
  connection: ConnectionOut;
  /** Waiting calls that now go on. */
  resumed: number;
};

/** Your account or key at an API. */
export type ConnectionOut = {
  id: string;
  gpt_id: string;
  gpt_name: string;
  action_id: string;
  kind: "api_key" | "basic" | "oauth" | "oauth_client";
  host: string;
  origin: string;
  state: "pending" | "connected" | "broken";
  account: string;
  hint: string;
  scope: string;
  expires_at: number | null;
  created_at: number;
  used_at: number | null;
};

export type ConnectionPage = {
  connections: ConnectionOut[];
};

/** Something that is allowed without a further question. */
export type ConsentOut = {
  id: string;
  kind: "operation" | "domain";
  gpt_id: string | null;
  origin: string;
  /** Empty: reads of the domain. */
  operation: string;
  granted_at: number;
  expires_at: number;
};

export type ConsentPage = {
  consents: ConsentOut[];
};

export type ConversationChange = {
  title?: string | null;
  model?: string | null;
  /** Show the branch that ends there. */
  head_turn_id?: string | null;
};

export type ConversationDetail = {
  conversation: ConversationOut;
  /** Of all branches, in the order in which they were sent. */
  turns: TurnOut[];
  /** What waits for an answer. */
  questions: QuestionOut[];
};

export type ConversationIn = {
  gpt_id?: string | null;
  preview?: boolean;
  title?: string;
  model?: string | null;
};

export type ConversationOut = {
  id: string;
  gpt_id: string | null;
  /** Pinned; null follows the published version. */
  gpt_version: number | null;
  /** It talks to the draft. */
  preview: boolean;
  title: string;
  model: string | null;
  /** The last turn of the branch that is shown. */
  head_turn_id: string | null;
  turns: number;
  created_at: number;
  updated_at: number;
};

export type ConversationPage = {
  conversations: ConversationOut[];
  /** Give it as `before` for the page after this one. */
  next: string | null;
};

export type DisconnectedOut = {
  done: boolean;
  /** The provider was told, and confirmed it. */
  revoked: boolean;
};

export type DiscoverIn = {
  /** Issuer, bare domain, discovery document, or a known provider's key. */
  issuer: string;
};

/** The OAuth form as the provider describes itself. */
export type DiscoverOut = {
  authentication: NoAuthentication | KeyAuthentication | OAuthAuthentication;
  /** The provider gives out clients by itself. */
  can_register: boolean;
  scopes: string[];
};

/** Give `text` as it is in the editor, or `source` to fetch or read in one step. */
export type DocumentIn = {
  /** `draft_revision` as you read it; 409 when somebody saved in between. */
  revision: number;
  text?: string | null;
  /** URL, bare domain, document or manifest. */
  source?: string | null;
  /** Where `text` came from. */
  source_url?: string | null;
  /** In place of the document's servers. */
  base_url?: string | null;
};

export type DomainIn = {
  domain: string;
  note?: string;
};

export type DomainOut = {
  domain: string;
  note: string;
  created_at: number;
};

/** Nothing more to say. */
export type Done = {
  done: boolean;
};

/** Fields that are absent stay as they are. Actions have routes of their own. */
export type DraftIn = {
  /** `draft_revision` as you read it; 409 when somebody saved in between. */
  revision: number;
  name?: string | null;
  description?: string | null;
  instructions?: string | null;
  welcome_message?: string | null;
  starters?: string[] | null;
  /** Empty text takes the picture away. */
  picture_file_id?: string | "" | null;
  knowledge_file_ids?: string[] | null;
  capabilities?: Capabilities | null;
  /** One of the editor's; empty text takes it away. */
  category?: string | null;
  /** Recommended model; empty text: none. */
  model?: string | "" | null;
  /** All action ids, newly ordered. */
  action_order?: string[] | null;
};

export type DryRunIn = {
  function: string;
  /** As an object, or as the JSON text that a model wrote. */
  arguments?: Record<string, unknown> | string;
};

/** The exact request, secrets as dots. Nothing was sent. */
export type DryRunOut = {
  method: string;
  url: string;
  headers: [string, string][];
  body: unknown;
  sentence: string;
  /** Whose credential goes along; empty: none. */
  credential: string;
  asks_first: boolean;
  may_always_allow: boolean;
  reasons: string[];
  curl: string;
  /** The sign-in or key without which it cannot be sent. */
  missing: string | null;
};

export type EditIn = {
  text: string;
  file_ids?: string[];
};

/** What the editor needs to know once. */
export type EditorOut = {
  limits: LimitsOut;
  categories: string[];
  providers: actionry__server__shapes_gpts__ProviderOut[];
  examples: ExampleOut[];
  /** Domains that actions may call here, with all below them; null: any. */
  action_domains: string[] | null;
};

export type EmailIn = {
  email: string;
};

export type ExampleOut = {
  name: string;
  title: string;
  format: "json" | "yaml";
  text: string;
};

export type Farewell = {
  /** The word `delete`. */
  confirm: string;
};

/** One value of the request that cannot be used. */
export type FieldProblem = {
  /** Where it stands: body, query, path, header or cookie. */
  location: string;
  /** JSON pointer to it within that place, e.g. `/text`; empty for the whole. */
  pointer: string;
  /** What is wrong with it. */
  message: string;
};

export type FileOut = {
  id: string;
  name: string;
  media_type: string;
  size: number;
  source: string;
  conversation_id: string | null;
  created_at: number;
};

/** One thing that is wrong or doubtful. */
export type FindingOut = {
  code: string;
  severity: "error" | "warning" | "info";
  /** JSON pointer into the document; empty for the whole. */
  pointer: string;
  line: number | null;
  column: number | null;
  message: string;
  /** What it does to the model or the call. */
  effect: string;
  /** What to change. */
  mend: string;
  /** What the automatic fix does; null when a person has to decide. */
  fix: string | null;
};

export type FixIn = {
  text: string;
  base_url?: string | null;
  profile?: "actionry" | "openai";
  /** Only findings of this code; absent: everything that can be fixed. */
  code?: string | null;
  /** Only the finding at this place. */
  pointer?: string | null;
};

export type FixOut = {
  text: string;
  mended: FindingOut[];
  reading: ReadingOut;
};

export type FormatIn = {
  text: string;
  to?: "same" | "json" | "yaml";
};

export type FormatOut = {
  text: string;
  changed: boolean;
  /** Why it was left as it is. */
  problem: FindingOut | null;
};

/** One document with its authentication and policy, as a GPT uses it. */
export type GptAction = {
  id: string;
  document_id: string;
  base_url: string | null;
  authentication: NoAuthentication | KeyAuthentication | OAuthAuthentication;
  disabled_operations: string[];
  privacy_policy_url: string | null;
  compatibility_headers: boolean;
};

/** Everything a version holds. */
export type GptContent = {
  name: string;
  description: string;
  instructions: string;
  welcome_message: string;
  starters: string[];
  picture_file_id: string | null;
  knowledge_file_ids: string[];
  capabilities: Capabilities;
  actions: GptAction[];
  category: string | null;
  model: string | null;
};

/** All fields may be left out; `source` makes a GPT of an API in one step. */
export type GptIn = {
  name?: string;
  description?: string;
  instructions?: string;
  /** URL, domain, document or manifest that becomes its first action. */
  source?: string | null;
};

/** A GPT with its draft, for those who may see its settings. */
export type GptOut = {
  id: string;
  level: "chat" | "view" | "edit" | "owner";
  owner_name: string;
  visibility: "private" | "link" | "public";
  link: string;
  draft: GptContent;
  draft_revision: number;
  published_version: number | null;
  unpublished_changes: boolean;
  actions: ActionRow[];
  needs: NeedsOut;
  blocked: boolean;
  /** What a person has to know about this change. */
  notices: string[];
  created_at: number;
  updated_at: number;
};

export type GptPage = {
  gpts: GptRow[];
  /** Give it as `before` for the page after this one. */
  next: string | null;
};

/** A GPT in a list. */
export type GptRow = {
  id: string;
  name: string;
  description: string;
  visibility: "private" | "link" | "public";
  published_version: number | null;
  draft_revision: number;
  category: string | null;
  picture_file_id: string | null;
  blocked: boolean;
  /** What you may do with it. */
  level: "chat" | "view" | "edit" | "owner";
  owner_name: string;
  updated_at: number;
};

/** Fields of a GPT as a plugin manifest has them. */
export type GptSuggestionOut = {
  name: string;
  description: string;
  instructions: string;
  logo_url: string | null;
  privacy_policy_url: string | null;
  contact_email: string;
};

/** How the installation is. */
export type HealthOut = {
  version: string;
  database: string;
  public_url: string;
  model: string;
  users: number;
  turns_running: number;
  streams: number;
  sign_up: string;
  /** Private places that actions may call. */
  allowed_networks: string[];
  egress_proxy: boolean;
};

export type ImportIn = {
  /** URL, bare domain, document or plugin manifest. */
  source: string;
  profile?: "actionry" | "openai";
};

/** What was found, with its text as it would be kept. Nothing is stored yet. */
export type ImportOut = {
  text: string;
  source_url: string | null;
  /** Needed with this text: it does not say it itself. */
  base_url: string | null;
  reading: ReadingOut;
  gpt: GptSuggestionOut | null;
  manifest_findings: FindingOut[];
};

export type InvitationIn = {
  /** Only who has this address may use it. */
  email?: string | null;
  role?: "user" | "admin";
};

export type InvitationOut = {
  id: string;
  email: string | null;
  role: "user" | "admin";
  created_at: number;
  expires_at: number;
  accepted_at: number | null;
};

/** AU-02, AU-08. The key itself is a connection in the vault. */
export type KeyAuthentication = {
  kind: "api_key";
  form: "basic" | "bearer" | "custom" | "query" | "cookie";
  name: string | null;
  owner: "action" | "user";
  instructions: string;
};

/** The key is write-only: absent keeps the stored one. */
export type KeyIn = {
  kind: "api_key";
  form?: "basic" | "bearer" | "custom" | "query" | "cookie";
  /** Header, query or cookie name for custom, query and cookie. */
  name?: string | null;
  /** One key for all, or each user's own. */
  owner?: "action" | "user";
  instructions?: string;
  key?: string | null;
  /** Encode the text for Basic; absent: `user:password` is encoded. */
  encode_basic?: boolean | null;
};

/** Null means: no limit. */
export type LimitsOut = {
  name: number | null;
  description: number | null;
  instructions: number | null;
  welcome_message: number | null;
  starters: number;
  starter_characters: number;
  knowledge_files: number;
  document_bytes: number;
  actions: number;
  operations_warning: number | null;
};

export type Link = {
  /** Send it to the person; it works once. */
  url: string;
};

export type LinkIn = {
  token: string;
};

export type MessageIn = {
  text: string;
  /** Files that were uploaded before. */
  file_ids?: string[];
  /** Turn that it follows; the last one when absent. */
  parent?: string | null;
  model?: string | null;
  /** The model must call this function: the editor's Test. */
  force_function?: string | null;
};

export type ModelFinished = {
  type: "model_finished";
  round: number;
  reason: "stop" | "tool_calls" | "length" | "refused";
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
};

export type ModelPage = {
  default: string;
  models: string[];
};

/** A request to the model begins: `round` 0, 1, 2 … within the turn. Text of a cut earlier try is void. */
export type ModelStarted = {
  type: "model_started";
  round: number;
  model: string;
  offered: string[];
};

/** What each way of sharing still needs; empty lists are ready. */
export type NeedsOut = {
  private: string[];
  link: string[];
  public: string[];
};

/** Known before anything is saved (OA-11). */
export type NewActionOut = {
  action_id: string;
  callback_url: string;
};

export type NewApiToken = {
  /** Keep it now: it is not shown again. */
  token: string;
  info: ApiTokenOut;
};

export type NewInvitation = {
  /** Send it to the person; it works once. */
  url: string;
  info: InvitationOut;
};

export type NoAuthentication = {
  kind: "none";
};

export type NoneIn = {
  kind: "none";
};

/** Something a person should read: trimmed context, a budget, a fallback, a waiting time. */
export type Notice = {
  type: "notice";
  code: string;
  text: string;
};

/** OA-01. The client secret is in the vault. */
export type OAuthAuthentication = {
  kind: "oauth";
  client_id: string;
  authorize_url: string;
  token_url: string;
  scope: string;
  token_exchange: "default_post" | "basic_auth_header";
  token_content_type: "form" | "json";
  pkce: boolean;
  issuer: string | null;
  iss_required: boolean;
  revocation_url: string;
  extra_authorize: [string, string][];
  grant: "authorization_code" | "client_credentials";
};

/** The client secret is write-only: absent keeps the stored one. */
export type OAuthIn = {
  kind: "oauth";
  client_id?: string;
  client_secret?: string | null;
  authorize_url?: string;
  token_url?: string;
  scope?: string;
  token_exchange?: "default_post" | "basic_auth_header";
  token_content_type?: "form" | "json";
  pkce?: boolean;
  issuer?: string | null;
  iss_required?: boolean;
  revocation_url?: string;
  extra_authorize?: [string, string][];
  grant?: "authorization_code" | "client_credentials";
  /** You mean these addresses although they are not on the API's root domain. */
  other_domain_acknowledged?: boolean;
  /** Have the provider at `issuer` give us a client. */
  register_client?: boolean;
};

/** What you are about to connect: shown before anything is sent anywhere (O-08). */
export type OfferOut = {
  action_id: string;
  gpt_id: string;
  gpt_name: string;
  builder: string;
  title: string;
  /** Where your account or key will be used. */
  host: string;
  kind: "oauth" | "api_key" | "none";
  /** Where you will sign in. */
  sign_in_host: string;
  scopes: string[];
  warnings: string[];
  instructions: string;
  privacy_policy_url: string | null;
  connected: boolean;
  connection_id: string | null;
  account: string;
};

export type OidcStart = {
  /** Where the browser goes to sign in. */
  url: string;
};

export type OidcWay = {
  /** What the button says. */
  name: string;
};

/** One row of *Available actions*. */
export type OperationOut = {
  /** Name of the function that a model calls. */
  name: string;
  operation_id: string | null;
  method: string;
  path: string;
  summary: string;
  /** Consequential: a person is asked every time. */
  asks_first: boolean;
  deprecated: boolean;
  /** What it costs in every request; null when not counted. */
  tokens: number | null;
  enabled: boolean;
  server_url: string;
  /** Security schemes that it names. */
  schemes: string[];
};

export type PasswordChange = {
  /** The present password, where there is one. */
  old?: string | null;
  new: string;
};

/** RFC 9457, with whose turn it is and whether trying again helps. */
export type Problem = {
  /** Always about:blank; `code` tells problems apart. */
  type: string;
  /** The name of the status. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** A stable name for programs, e.g. `not_found`. */
  code: string;
  /** What happened and what to do, in words. */
  detail: string;
  /** The fields that cannot be used. */
  errors: FieldProblem[];
  /** Who can mend it: user, builder, operator, api or caller. */
  whose_turn: string | null;
  /** Whether the same request may succeed later. */
  may_retry: boolean;
};

/** One's own account. */
export type Profile = {
  id: string;
  name: string;
  email: string | null;
  role: "user" | "admin";
  /** The single user of a server on loopback. */
  local: boolean;
  locale: string;
  email_verified: boolean;
  has_password: boolean;
  /** Of the page: theme and the like. */
  preferences: Record<string, unknown>;
  created_at: number;
};

export type ProfileChange = {
  name?: string | null;
  locale?: string | null;
  preferences?: Record<string, unknown> | null;
};

export type ProviderChange = {
  base_url?: string | null;
  /** A new key; an empty text deletes it. */
  key?: string | null;
  enabled?: boolean | null;
};

export type ProviderIn = {
  name: string;
  /** openai, anthropic, google, ollama, openai-compatible and so on. */
  kind: string;
  base_url?: string | null;
  key?: string | null;
};

export type PublishIn = {
  /** `draft_revision` as you read it; 409 when somebody saved in between. */
  revision: number;
  note?: string;
  /** Share it this way from now on. */
  visibility?: "private" | "link" | "public" | null;
};

/** A call that waits for its person. */
export type QuestionOut = {
  turn_id: string;
  call_id: string;
  kind: "confirmation" | "sign_in";
  digest: string;
  may_always_allow: boolean;
  asked_at: number;
  expires_at: number | null;
};

/** A document as it was read: what can be called, and what is wrong. */
export type ReadingOut = {
  /** It could be read, and has operations and a server that may be called. */
  ok: boolean;
  title: string;
  description: string;
  format: "json" | "yaml" | null;
  version: string;
  server_url: string;
  /** All that the document offers; one may be chosen. */
  servers: string[];
  root_domain: string;
  operations: OperationOut[];
  /** Of all enabled operations together. */
  tokens: number;
  findings: FindingOut[];
  schemes: SchemeOut[];
  suggestion: SuggestionOut | null;
  /** Key of a provider that is known to own the API. */
  known_provider: string | null;
};

export type ResetIn = {
  token: string;
  password: string;
};

export type RevisionIn = {
  /** `draft_revision` as you read it; 409 when somebody saved in between. */
  revision: number;
};

export type SchemeKeyIn = {
  key: string;
};

/** A security scheme of the document. */
export type SchemeOut = {
  name: string;
  kind: string;
  location: string | null;
  parameter_name: string | null;
  http_scheme: string | null;
  flows: string[];
  description: string;
};

/** Whether a secret is stored; never the secret. */
export type SecretOut = {
  connection_id: string | null;
  what: "api_key" | "oauth_client" | "oauth";
  /** Security scheme; empty for the action as a whole. */
  scheme: string;
  set: boolean;
  /** Last four characters of a long key. */
  hint: string;
  /** The only place it is sent to. */
  origin: string;
};

/** A browser that is signed in. */
export type SessionInfo = {
  id: string;
  method: string;
  user_agent: string;
  created_at: number;
  used_at: number;
  expires_at: number;
  /** The one that asks. */
  current: boolean;
};

/** Who is signed in, and what a page needs to go on. */
export type SessionOut = {
  user: UserOut | null;
  /** Send it as X-CSRF-Token with every change. */
  csrf_token: string | null;
  ways: SignInWays;
  /** The TODO demo, where it runs. */
  demo_gpt_id: string | null;
  /** The model that answers when none is chosen. */
  model: string | null;
  version: string;
};

/** The turn waits for a connection: OAuth sign-in or a key (OA-12). */
export type SignInAsked = {
  type: "sign_in_asked";
  call_id: string;
  action_id: string;
  kind: "oauth" | "api_key";
  host: string;
  instructions: string;
};

export type SignInFinished = {
  type: "sign_in_finished";
  call_id: string;
  connected: boolean;
};

export type SignInFinishedIn = {
  connected: boolean;
};

export type SignInIn = {
  email: string;
  password: string;
};

/** How people sign in here. */
export type SignInWays = {
  /** By the address that `actionry serve` prints. */
  local: boolean;
  password: boolean;
  sign_up: "closed" | "invitation" | "open";
  oidc: OidcWay | null;
};

export type SignUpIn = {
  email: string;
  password: string;
  name: string;
  invitation?: string | null;
};

export type StartIn = {
  action_id: string;
  /** For the draft, in the editor. */
  preview?: boolean;
};

export type StartOut = {
  /** Where the browser goes to sign in. */
  url: string;
  offer: OfferOut;
};

/** An event with its place; what SSE sends as `id: {turn_id}:{seq}`. */
export type StoredEvent = {
  turn_id: string;
  seq: number;
  at: number;
  event: UserMessageAdded | ModelStarted | TextAdded | ModelFinished | CallProposed | CallRefused | ConfirmationAsked | ConfirmationAnswered | SignInAsked | SignInFinished | CallStarted | CallFinished | CallFailed | CallUnknown | Notice | TurnFinished;
};

/** Authentication as manifest or document describe it; secrets are still to be entered. */
export type SuggestionOut = {
  authentication: NoAuthentication | KeyAuthentication | OAuthAuthentication;
  source: "manifest" | "document" | "provider";
  why: string;
  /** Fields that only a person can fill in. */
  wants: string[];
};

/** A batch of streamed text (at most 250 ms or 2 kB). */
export type TextAdded = {
  type: "text";
  text: string;
};

/** One call as it was checked, built, sent and answered; secrets are dots. */
export type TraceCall = {
  call_id: string;
  function: string;
  operation: string | null;
  host: string | null;
  consequential: boolean;
  arguments: string;
  request: Record<string, unknown> | null;
  response: Record<string, unknown> | null;
  status: number | null;
  media_type: string | null;
  size: number | null;
  outcome: string;
  /** What the model read. */
  text: string;
  attempts: number;
  proposed_at: number;
  started_at: number | null;
  ended_at: number | null;
  elapsed_ms: number | null;
  asked_at: number | null;
  answered_at: number | null;
  decision: string | null;
};

/** The view under the hood of one turn. */
export type TraceOut = {
  turn: TurnOut;
  rounds: TraceRound[];
  notices: string[];
};

export type TraceRound = {
  round: number;
  model: string;
  offered: string[];
  started_at: number;
  first_text_at: number | null;
  finished_at: number | null;
  reason: string | null;
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  text: string;
  calls: TraceCall[];
};

export type TurnDetail = {
  turn: TurnOut;
  events: StoredEvent[];
};

/** Terminal. `failed` names whose turn it is; everything acknowledged before stays. */
export type TurnFinished = {
  type: "turn_finished";
  outcome: "done" | "stopped" | "failed" | "budget";
  text: string;
  told_to: string | null;
  may_retry: boolean;
};

export type TurnOut = {
  id: string;
  conversation_id: string;
  parent_turn_id: string | null;
  number: number;
  kind: string;
  state: "queued" | "running" | "waiting" | "finished";
  outcome: string | null;
  last_seq: number;
  stop_asked: boolean;
  model: string | null;
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
};

export type UserChange = {
  role?: "user" | "admin" | null;
  state?: "active" | "disabled" | null;
};

export type UserKeyIn = {
  action_id: string;
  key: string;
  preview?: boolean;
};

/** Always the first of a turn; stored in the transaction that accepts the message. */
export type UserMessageAdded = {
  type: "user_message";
  text: string;
  file_ids: string[];
};

/** A person as they see themselves. */
export type UserOut = {
  id: string;
  name: string;
  email: string | null;
  role: "user" | "admin";
  /** The single user of a server on loopback. */
  local: boolean;
  locale: string;
};

export type UserPage = {
  users: AdminUser[];
  /** Give it as `after` for the page after this one. */
  next: string | null;
};

export type VersionOut = {
  version: VersionRow;
  content: GptContent;
};

export type VersionPage = {
  versions: VersionRow[];
};

export type VersionRow = {
  number: number;
  name: string;
  created_by: string;
  by_you: boolean;
  created_at: number;
  /** The one that users get. */
  published: boolean;
};

export type VisibilityIn = {
  visibility: "private" | "link" | "public";
};

export type actionry__server__routes__providers__ProviderOut = {
  id: string;
  name: string;
  kind: string;
  base_url: string | null;
  has_key: boolean;
  /** The last four characters of the key. */
  hint: string;
  enabled: boolean;
};

/** A known OAuth provider, to fill in the form. */
export type actionry__server__shapes_gpts__ProviderOut = {
  key: string;
  name: string;
  authorize_url: string;
  token_url: string;
  token_exchange: "default_post" | "basic_auth_header";
  token_content_type: "form" | "json";
  pkce: boolean;
  scope_separator: string;
  refresh_scope: string;
  issuer: string | null;
  revocation_url: string | null;
  extra_authorize: [string, string][];
};
