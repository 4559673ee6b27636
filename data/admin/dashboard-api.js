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
  #fetching = new Set(); // AbortController, of what is only read
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

  /* `read (response)` is of its body, for which the same time counts. */
  async #request(method, path, { body, read = null } = {}) {
    const headers = { 'X-Voice-Gateway-Admin': '1' }; // a foreign page cannot send it without a preflight
    if (this.#token !== null)
      headers.Authorization = `Bearer ${this.#token}`;
    if (body !== undefined)
      headers['Content-Type'] = 'application/json';
    const controller = new AbortController();
    const deadline = setTimeout(() => controller.abort(), TIMEOUT_MS);
    let response;
    let result;
    if (method === 'GET')
      this.#fetching.add(controller);
    try {
      response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body),
        cache: 'no-store', signal: controller.signal });
      if (response.ok && read !== null)
        result = await read(response);
    } catch {
      throw new ApiError(0, 'The gateway does not answer.');
    } finally {
      clearTimeout(deadline);
      this.#fetching.delete(controller);
    }
    if (!response.ok)
      throw new ApiError(response.status, (await response.text().catch(() => '')).trim() || response.statusText);
    return result;
  }

  /** Something else is shown: what is being fetched is not wanted any more, and fails. */
  abandon() { this.#fetching.forEach((controller) => controller.abort()); }

  get(path) { return this.#request('GET', path, { read: (response) => response.json() }); }

  getBlob(path) { return this.#request('GET', path, { read: (response) => response.blob() }); }

  delete(path) { return this.#request('DELETE', path); }

  post(path, body) { return this.#request('POST', path, { body }); }
}
