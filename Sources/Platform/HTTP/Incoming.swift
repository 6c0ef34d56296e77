import HTTPAPI
import HTTPTypes
import Hummingbird
import JSON
import Listener
import Model

/// A request before it is routed.
struct Incoming {
  let id: String
  let request: Request
  let path: String
  let caller: Caller
  let standing: RequestStanding
  /// Whether another task handed the request on.
  let isFromPeer: Bool

  init(_ request: Request, _ context: CallContext) {
    var generator = SystemRandomNumberGenerator()
    id = RequestIdentifier.of(request.headers[.requestID], using: &generator)
    self.request = request
    standing = context.standing
    isFromPeer = context.isFromPeer
    let target = request.head.path ?? "/"
    path = target.cut(at: UInt8(ascii: "?"))?.before ?? target
    let headers = request.headers
    var hops = headers[values: .forwardedFor].flatMap { line in
      line.allParts(betweenBytes: UInt8(ascii: ",")).map(\.withoutOuterSpace)
    }
    // Some proxies name the client in a field of its own.
    let clientFields: [HTTPField.Name] = [.realAddress, .connectingAddress]
    if headers[.forwardedFor] == nil, let client = clientFields.lazy.compactMap({ headers[$0] }).first {
      hops = [client]
    }
    let proxyFields: [HTTPField.Name] = [.forwardedFor, .forwarded] + clientFields
    caller = Caller(
      socket: context.client, forwardedFor: hops,
      isForwarded: proxyFields.contains { headers[$0] != nil })
  }

  /// The path for the log. A client may send a path as long as a head may be, and each request writes one line.
  var shortPath: String {
    path.utf8.count <= 512 ? path : String(decoding: path.utf8.prefix(512), as: UTF8.self) + "…"
  }

  var isProbe: Bool {
    [MonitorRoutes.livenessPath, MonitorRoutes.readinessPath, "/api/health"].containsBytes(of: path)
  }

  /// Whether the path stands beside the calls to APIs, as `/api/health` does. The platform's rules for scripts of other
  /// origins are for the paths of the platform only.
  var isBelowAPI: Bool { path.beginsWithBytes("/api/") }

  /// Whether the client wants the answer of this task.
  var staysHere: Bool { request.headers[.handOn]?.hasSameBytes(as: "never") == true }

  /// Whether it is a message of another task.
  var isMessage: Bool { request.method == .post && path.hasSameBytes(as: PlatformResponder.messagePath) }
}

/// A request to a route.
struct Routed {
  let route: Route
  let parameters: [String: String]
  let incoming: Incoming

  init(_ route: Route, _ parameters: [String: String], _ incoming: Incoming) {
    (self.route, self.parameters, self.incoming) = (route, parameters, incoming)
  }
}

/// An answer of this task, or one of another task, which has all its fields.
struct PlatformAnswer {
  let response: Response
  let isComplete: Bool

  init(_ response: Response, isComplete: Bool = false) {
    (self.response, self.isComplete) = (response, isComplete)
  }
}
