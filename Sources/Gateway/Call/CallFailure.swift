/// A call that the gateway answers itself, because it fails or because nothing is to be forwarded.
struct CallFailure: Error, Equatable {
  /// The content of the body.
  enum Form {
    /// The code and the message, as the envelope has them.
    case envelope
    /// The message alone, as in answers of the platform to a wrong method.
    case detail
    case nothing
  }

  let status: Int
  /// `nil` where the contract has none.
  let code: String?
  /// A sentence for the client.
  let message: String
  /// Seconds, for `Retry-After`.
  var retryAfter: Int?
  /// The value of `Allow`.
  var allow: String?
  /// Whether the connection is closed after the answer.
  var closes = false
  let form: Form

  init(
    _ status: Int, _ code: String?, _ message: String, _ form: Form = .envelope, retryAfter: Int? = nil,
    allow: String? = nil
  ) {
    self.status = status
    self.code = code
    self.message = message
    self.form = form
    self.retryAfter = retryAfter
    self.allow = allow
  }

  /// The same failure, with the end of the connection after it.
  var closing: CallFailure {
    var failure = self
    failure.closes = true
    return failure
  }
}

extension CallFailure {
  static let methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

  /// The answer to `OPTIONS`.
  static let preflight = CallFailure(204, nil, "", .nothing, allow: methods)
  static let path = CallFailure(
    400, "GTW400", "The path is not valid: send no '.' or '..' segments, no encoded slashes and no control characters")
  static let repeatedField = CallFailure(
    400, "GTW400", "Send X-API-Version and client-key once at most: of two, a proxy may have checked the other one")
  /// The decoder replaces each byte that is not UTF-8 by three.
  static let longHead = CallFailure(
    431, "GTW400", "The request's head is too long: each byte in it that is not UTF-8 counts as three"
  ).closing
  static let method = CallFailure(405, nil, "The gateway does not forward this method", .detail, allow: methods)
  /// A client of WebSockets looks at the status alone.
  static let webSocket = CallFailure(403, nil, "", .nothing).closing
  static let loop = CallFailure(
    508, "GTW508", "The call came back to the gateway that forwarded it: a server of the API leads here again")
  /// The rest of the body is not read.
  static let bodyTooLarge = CallFailure(413, "REQ001", "The body is larger than the gateway takes").closing
  static let notInAllowList = CallFailure(
    403, "SEC010", "Your address is not in the list of addresses that may call this server")
  static let inDenyList = CallFailure(
    403, "SEC011", "Your address is in the list of addresses that may not call this server")
  static let apiNotInAllowList = CallFailure(403, "API010", "Your address is not in the list of the API: IP restricted")
  static let apiInDenyList = CallFailure(403, "API011", "Your address is denied by the API: IP restricted")
  static let noAPI = CallFailure(404, "GTW001", "There is no API of this name and version")
  static let noServer = CallFailure(404, "GTW001", "The API has no server that calls could be forwarded to")
  static let noEndpoint = CallFailure(404, "GTW003", "The API has no endpoint for this method and path")
  static let noSession = CallFailure(
    401, "GTW401", "Log in first: the token is missing, not valid, expired or revoked")
  static let notSubscribed = CallFailure(403, "GTW403", "You are not subscribed to this API")
  static let noGroup = CallFailure(401, "GTW402", "None of your groups may call this API")
  static let noRole = CallFailure(403, "GTW014", "Your role may not call this API")
  static let inactive = CallFailure(403, "GTW012", "The API is not active")
  static let notFoundThere = CallFailure(404, "GTW005", "The API's server has nothing at this path")
  static let unreachable = CallFailure(502, "GTW006", "The API's server can't be reached, or its answer is not valid")
  static let timeout = CallFailure(504, "GTW010", "The API's server did not answer in time")
  static let crowded = CallFailure(
    504, "GTW010", "All connections to the API's server were in use for too long (HTTP_MAX_CONNECTIONS)")
  static let circuitOpen = CallFailure(
    503, "GTW999", "The API's servers failed several times in a row; calls are tried again after a pause")
  static let badBody = CallFailure(400, "GTW400", "The body does not end as its head says")

  static let largeTrailers = CallFailure(400, "GTW400", "The trailers have more than 4 KiB")

  static let lateBody = CallFailure(408, "GTW408", "The body did not come in time")

  static func missing(_ feature: String) -> CallFailure {
    CallFailure(501, "GTW501", "The API uses \(feature), which this version of the gateway does not have")
  }

  static func rate(retryAfter: Int) -> CallFailure {
    CallFailure(429, "GTW429", "Rate limit exceeded", retryAfter: retryAfter)
  }

  static func throttle(retryAfter: Int) -> CallFailure {
    CallFailure(429, "GTW430", "Throttle queue limit exceeded", retryAfter: retryAfter)
  }

  static func bandwidth(retryAfter: Int) -> CallFailure {
    CallFailure(429, "GTW431", "Bandwidth limit exceeded", retryAfter: retryAfter)
  }
}
