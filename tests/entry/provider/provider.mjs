// A certified OpenID provider for tests: any name may log in, PKCE is demanded, access tokens are JWTs.
// node provider.mjs PORT HOME
import { Provider } from "oidc-provider";

const [port, home] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "quanzu",
      client_secret: "made-up-secret-of-a-test",
      redirect_uris: [`${home}/login/return`],
      post_logout_redirect_uris: [`${home}/login`],
    },
    {
      client_id: "machine-1",
      client_secret: "made-up-secret-of-a-machine",
      redirect_uris: [],
      response_types: [],
      grant_types: ["client_credentials"],
    },
  ],
  cookies: { keys: ["only for tests"] },
  pkce: { required: () => true },
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => "urn:quanzu:api",
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: "", audience: "quanzu-api", accessTokenFormat: "jwt" }),
    },
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log(issuer));
