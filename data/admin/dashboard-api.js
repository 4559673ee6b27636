/* Requests to the admin listener. */

const TOKEN_KEY = 'voice-gateway-admin-token';
const TIMEOUT_MS = 10000;

/** Why a request has failed: status 0 where there was no response. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  get needsToken() { return this.status === 401; }
}

export class Api {
  #token = sessionStorage.getItem(TOKEN_KEY);

  get hasToken() { return this.#token !== null; }

  /** Keeps it for this tab; null forgets it. */
  set token(token) {
    this.#token = token;
    if (token === null)
      sessionStorage.removeItem(TOKEN_KEY);
    else
      sessionStorage.setItem(TOKEN_KEY, token);
  }

  get token() { return this.#token; }

  async #request(method, path, body) {
    const headers = { 'X-Voice-Gateway-Admin': '1' }; // a foreign page cannot send it without a preflight
    if (this.#token !== null)
      headers.Authorization = `Bearer ${this.#token}`;
    if (body !== undefined)
      headers['Content-Type'] = 'application/json';
    let response;
    try {
      response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body),
        cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch {
      throw new ApiError(0, 'The gateway does not answer.');
    }
    if (!response.ok)
      throw new ApiError(response.status, (await response.text().catch(() => '')).trim() || response.statusText);
    return response;
  }

  async get(path) { return (await this.#request('GET', path)).json(); }

  async getBlob(path) { return (await this.#request('GET', path)).blob(); }

  delete(path) { return this.#request('DELETE', path); }

  post(path, body) { return this.#request('POST', path, body); }
}
