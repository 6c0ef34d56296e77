import Authentication
import JSON
import Model
import NIOHTTP1
import RateLimiting

/// The checks of a call, in the order of the contract. The first that fails answers; nothing later happens, and no
/// counter moves.
///
/// Steps that this version does not have stand where they belong: tiers after the address policy of the server, credits
/// and validation after the choice of the server. An API that asks for one of them is refused, so that nobody calls
/// unpaid or unchecked.
struct CallChecks {
  let gateway: Gateway
  let table: GatewayTable
  /// Unix seconds.
  let now: Int
  /// Nanoseconds of the steady clock.
  let steadyNow: UInt64

  /// Checks a call.
  ///
  /// - Parameters:
  ///   - socket: the connection's other end.
  ///   - sessions: of the event loop.
  func admit(
    _ method: HTTPMethod, _ target: String, _ fields: CallFields, socket: NetworkAddress?,
    sessions: inout SessionCache
  ) throws(Refusal) -> Admission {
    let caller = CallerOfCall(socket: socket, fields: fields)
    try checkServer(method, target, fields, caller)
    let path = try path(target)
    if method == .OPTIONS { throw preflight(path, fields) }
    let api = try api(of: path, fields)
    try check(caller, api)
    let endpoint = try endpoint(of: path, method, api)
    if let feature = api.missingFeature { throw Refusal(failure: .missing(feature), api: api) }
    var (user, delay): (UserPlan?, UInt64) = (nil, 0)
    if !api.record.isPublic, api.record.needsToken {
      let known = try self.user(fields, &sessions, api)
      delay = try check(known, api, fields)
      user = known
    }
    guard api.record.isActive else { throw Refusal(failure: .inactive, api: api) }
    let servers = fields.clientKey.flatMap(table.routing) ?? endpoint.servers ?? api.servers
    guard !servers.servers.isEmpty else { throw Refusal(failure: .noServer, api: api) }
    if endpoint.isValidated {
      throw Refusal(failure: .missing("the validation of bodies (endpoint validation)"), api: api)
    }
    return Admission(api: api, endpoint: endpoint, servers: servers, user: user, path: path, delay: delay)
  }

  /// The checks that come before the API is looked for.
  private func checkServer(
    _ method: HTTPMethod, _ target: String, _ fields: CallFields, _ caller: CallerOfCall
  ) throws(Refusal) {
    let addresses = table.model.settings.addresses
    if !addresses.isOpen {
      switch addresses.verdict(on: caller.caller.client(trusting: addresses.trustedProxies)) {
      case .allowed: break
      case .notInAllowList: throw Refusal(failure: .notInAllowList)
      case .inDenyList: throw Refusal(failure: .inDenyList)
      }
    }
    for line in fields.via where gateway.isOwn(via: line) { throw Refusal(failure: .loop) }
    if let length = fields.contentLength, let limit = gateway.bodyLimit(target), length > limit {
      throw Refusal(failure: .bodyTooLarge)
    }
    switch method {
    case .GET, .HEAD, .POST, .PUT, .PATCH, .DELETE, .OPTIONS: break
    default: throw Refusal(failure: .method)
    }
  }

  private func path(_ target: String) throws(Refusal) -> CallPath {
    do {
      return try CallPath(target)
    } catch {
      throw Refusal(failure: error)
    }
  }

  private func found(_ path: CallPath, _ fields: CallFields) -> APIPlan? {
    (path.version ?? fields.apiVersion).flatMap { table.api(path.name, $0) }
  }

  private func api(of path: CallPath, _ fields: CallFields) throws(Refusal) -> APIPlan {
    guard let api = found(path, fields) else { throw Refusal(failure: .noAPI) }
    return api
  }

  private func endpoint(of path: CallPath, _ method: HTTPMethod, _ api: APIPlan) throws(Refusal) -> EndpointPlan {
    guard let endpoint = api.endpoints.find(method == .HEAD ? "GET" : method.rawValue, path.uri) else {
      throw Refusal(failure: .noEndpoint, api: api)
    }
    return endpoint
  }

  private func check(_ caller: CallerOfCall, _ api: APIPlan) throws(Refusal) {
    let policy = api.record.addresses
    guard !policy.isOpen else { return }
    let settings = table.model.settings.addresses
    let proxies =
      switch policy.trustsForwardedFor {
      case nil: settings.trustedProxies
      case true?: settings.listedProxies
      case false?: [AddressRange]()
      }
    let client = caller.caller.client(trusting: proxies)
    if client.isDirectLoopback, settings.passesDirectLoopback { return }
    guard let address = client.address else { return }
    switch policy.verdict(on: address) {
    case .allowed: return
    case .notInAllowList: throw Refusal(failure: .apiNotInAllowList, api: api)
    case .inDenyList: throw Refusal(failure: .apiInDenyList, api: api)
    }
  }

  private func user(
    _ fields: CallFields, _ sessions: inout SessionCache, _ api: APIPlan
  ) throws(Refusal) -> UserPlan {
    let cookie = fields.cookies.isEmpty ? nil : RequestToken.cookie(RequestToken.cookie, in: fields.cookies)
    let user: UserPlan?
    if let cookie, !cookie.isEmpty {
      user = sessions.user(cookie, in: table, now: now, tokens: gateway.tokens, users: gateway.users) { cookie }
    } else if fields.authorization.count == 1 {
      user = sessions.user(
        fields.authorization[0], in: table, now: now, tokens: gateway.tokens, users: gateway.users
      ) { RequestToken.inAuthorization(fields.authorization) }
    } else {
      user = nil
    }
    guard let user else { throw Refusal(failure: .noSession, api: api) }
    return user
  }

  /// Subscription, group, limits and role of a user.
  ///
  /// - Returns: nanoseconds that the call has to wait.
  private func check(_ user: UserPlan, _ api: APIPlan, _ fields: CallFields) throws(Refusal) -> UInt64 {
    let needsSubscription = !user.isAdmin || gateway.configuration.enforcesAdminSubscription
    if needsSubscription, !user.subscriptions.contains(api.number) {
      throw Refusal(failure: .notSubscribed, api: api)
    }
    guard user.groups.intersects(api.allowedGroups) else { throw Refusal(failure: .noGroup, api: api) }
    if let rate = user.limits.rate, user.counters.rate.count(upTo: rate.count, window: rate.window, now: now) == nil {
      let rest = WindowCounter.secondsToReset(window: rate.window, now: now)
      throw Refusal(failure: .rate(retryAfter: rest), api: api)
    }
    let delay = try throttle(user, api)
    let roles = api.record.allowedRoles
    guard roles.isEmpty || user.role.map({ roles.containsBytes(of: $0) }) == true else {
      throw Refusal(failure: .noRole, api: api)
    }
    if let bandwidth = user.limits.bandwidth {
      let used = user.counters.bandwidth.sum(window: bandwidth.window, now: now)
      guard used < bandwidth.bytes, used + (fields.contentLength ?? 0) <= bandwidth.bytes else {
        let rest = WindowCounter.secondsToReset(window: bandwidth.window, now: now)
        throw Refusal(failure: .bandwidth(retryAfter: rest), api: api)
      }
    }
    return delay
  }

  private func throttle(_ user: UserPlan, _ api: APIPlan) throws(Refusal) -> UInt64 {
    guard let throttle = user.limits.throttle else { return 0 }
    guard let number = user.counters.throttle.count(upTo: throttle.queueLimit, window: throttle.window, now: now) else {
      let rest = WindowCounter.secondsToReset(window: throttle.window, now: now)
      throw Refusal(failure: .throttle(retryAfter: rest), api: api)
    }
    guard number > throttle.count else { return 0 }
    return UInt64(min(86_400, Double(number - throttle.count) * throttle.wait) * 1_000_000_000)
  }

  /// The answer to `OPTIONS`: 204, with what the API lets scripts of the origin do. An API or an endpoint that is not
  /// there changes nothing, unless the settings say so.
  private func preflight(_ path: CallPath, _ fields: CallFields) -> Refusal {
    let api = found(path, fields)
    if gateway.configuration.refusesUnknownPreflights, api?.endpoints.hasAny(path.uri) != true {
      return Refusal(failure: .method, api: api)
    }
    return Refusal(failure: .preflight, api: api)
  }
}

/// The caller of a call, taken apart only where a policy asks.
struct CallerOfCall {
  let socket: NetworkAddress?
  let fields: CallFields

  var caller: Caller {
    Caller(
      socket: socket,
      forwardedFor: fields.forwardedFor.flatMap { line in
        line.allParts(betweenBytes: UInt8(ascii: ",")).map(\.withoutOuterSpace)
      }, isForwarded: fields.isForwarded)
  }
}
