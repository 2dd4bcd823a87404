/** Where Fogbank answers. */
export interface FogbankOptions {
  /** Its address; else `FOGBANK_URL`, else http://127.0.0.1:8686. */
  url?: string;
  /** Its API key; else `FOGBANK_KEY`, else none is sent. */
  key?: string;
}
