# A Worker with an AI binding under plain workerd, its AI answered by Fogbank: docs/workerd.md.
#
#     workerd serve -I bundle -I secrets config.capnp
#
# `bundle` is what unpack.cjs made of the Worker. `secrets` has one file, `authorization`, with
# `Bearer KEY` and no line end, or with nothing where Fogbank has no keys.
# Names that begin with / are looked for in the folders of -I.

using Workerd = import "/workerd/workerd.capnp";
using Bundle = import "/worker.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = Bundle.worker),

    # Every env.AI call goes here. Another address on the command line:
    # --external-addr=fogbank=HOST:PORT. A Fogbank behind a proxy that ends TLS, which sees these
    # requests with the Host workers-binding.ai:
    #
    #     https = (
    #       options = (injectRequestHeaders = [...as below...]),
    #       tlsOptions = (trustBrowserCas = true),  # or trustedCertificates = [embed "/ca.pem"]
    #       certificateHost = "ai.example",
    #     ),
    (name = "fogbank", external = (
      address = "127.0.0.1:8686",
      http = (
        injectRequestHeaders = [(name = "Authorization", value = embed "/authorization")],
      ),
    )),

    # Where fetch() of the Worker may go. Without this service: to public addresses only.
    # (name = "internet", network = (allow = [])),
  ],

  sockets = [
    # Another address on the command line: --socket-addr=http=HOST:PORT. There is no TLS here: a
    # proxy in front ends it, and says so in X-Forwarded-Proto, which request.url then shows.
    (
      name = "http",
      address = "127.0.0.1:8787",
      http = (forwardedProtoHeader = "X-Forwarded-Proto"),
      service = "worker",
    ),
  ],
);
