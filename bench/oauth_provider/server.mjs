// A certified authorization server (oidc-provider) and a small API behind it, both on 127.0.0.1, for tests.
//
// It prints one line of JSON when it listens, `{"issuer": "http://127.0.0.1:PORT"}`, and ends when its standard
// input closes. Users are signed in and consent at once; everything else is the library's own behaviour.
//
//   GET  /api/me            the protected resource: 200 {"sub": …} or 401 with WWW-Authenticate
//   GET  /control/counts    how often clients registered and each grant succeeded or failed
//   POST /control/revoke    ?token=…  forget one access token; ?refresh_token=… its whole grant
//   POST /control/decline   the next interaction is declined

import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const counts = { registrations: 0, granted: {}, refused: {} };
let declineNext = false;

const clients = [
  {
    client_id: 'basic-client',
    // Characters that only come through when id and secret are form-encoded inside Basic (RFC 6749 section 2.3.1).
    client_secret: 'basic+secret/with=odd%characters:and&more-0123456789',
    token_endpoint_auth_method: 'client_secret_basic',
  },
  {
    client_id: 'post-client',
    client_secret: 'post-secret-0123456789-0123456789-0123456789',
    token_endpoint_auth_method: 'client_secret_post',
  },
  { client_id: 'public-client', token_endpoint_auth_method: 'none' },
].map((client) => ({
  ...client,
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
}));
clients.push({
  client_id: 'robot-client',
  client_secret: 'robot-secret-0123456789-0123456789-0123456789',
  redirect_uris: [],
  response_types: [],
  grant_types: ['client_credentials'],
});

function makeProvider(issuer) {
  const provider = new Provider(issuer, {
    clients,
    scopes: ['openid', 'offline_access', 'todos'],
    claims: { openid: ['sub'] },
    cookies: { keys: ['only-for-tests-on-loopback'] },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    ttl: { AccessToken: 300, AuthorizationCode: 60, RefreshToken: 86400, Grant: 86400, Session: 3600, Interaction: 600, ClientCredentials: 300 },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      revocation: { enabled: true },
      clientCredentials: { enabled: true },
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: async (_ctx, sub) => ({ accountId: sub, claims: async () => ({ sub }) }),
  });
  const count = (table) => (ctx) => {
    const grant = ctx.oidc?.params?.grant_type ?? 'unknown';
    table[grant] = (table[grant] ?? 0) + 1;
  };
  provider.on('grant.success', count(counts.granted));
  provider.on('grant.error', count(counts.refused));
  provider.on('registration_create.success', () => { counts.registrations += 1; });
  provider.on('server_error', (_ctx, error) => { console.error(error); });
  return provider;
}

async function interact(provider, request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (declineNext) {
    declineNext = false;
    const refusal = { error: 'access_denied', error_description: 'The user said no' };
    return provider.interactionFinished(request, response, refusal, { mergeWithLastSubmission: false });
  }
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: 'ada' } });
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope ?? 'openid');
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

function answer(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

async function me(provider, request, response) {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  const found = scheme === 'Bearer' && token
    && ((await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token)));
  if (!found) {
    return answer(response, 401, { error: 'invalid_token' }, { 'www-authenticate': 'Bearer error="invalid_token"' });
  }
  return answer(response, 200, { sub: found.accountId ?? found.clientId, scope: found.scope ?? '' });
}

async function revoke(provider, url, response) {
  const refresh = url.searchParams.get('refresh_token');
  if (refresh !== null) {
    const found = await provider.RefreshToken.find(refresh);
    await provider.RefreshToken.revokeByGrantId(found.grantId);
    await provider.AccessToken.revokeByGrantId(found.grantId);
  } else {
    const found = await provider.AccessToken.find(url.searchParams.get('token'));
    await found.destroy();
  }
  return answer(response, 200, {});
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = makeProvider(issuer);
  const handleProtocol = provider.callback();
  server.on('request', async (request, response) => {
    const url = new URL(request.url, issuer);
    try {
      if (url.pathname.startsWith('/interaction/')) await interact(provider, request, response);
      else if (url.pathname === '/api/me') await me(provider, request, response);
      else if (url.pathname === '/control/counts') answer(response, 200, counts);
      else if (url.pathname === '/control/revoke') await revoke(provider, url, response);
      else if (url.pathname === '/control/decline') { declineNext = true; answer(response, 200, {}); }
      else await handleProtocol(request, response);
    } catch (error) {
      console.error(error);
      if (!response.headersSent) answer(response, 500, { error: 'server_error' });
    }
  });
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
});

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
