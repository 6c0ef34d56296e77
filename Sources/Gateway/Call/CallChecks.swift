import Authentication
import JSON
import Model
import NIOCore
import RateLimiting

/// The checks of a call, in the order of the contract. The first that fails answers; nothing later happens, and no
/// counter moves.
///
/// Steps that this version does not have stand where they belong: tiers after the address policy of the server, credits
/// and validation after the choice of the server. An API that asks for one of them is refused, so that nobody calls
/// unpaid or unchecked.
///
/// An event loop has its own, made anew when the table or the shares change. So a call counts only references that no
/// other loop counts.
final class CallChecks {
  let table: GatewayTable
  /// The part that this task may use of the limits.
  let sharing: Sharing
  private let gateway: Gateway

  /// With the newest table and shares.
  init(_ gateway: Gateway) {
    self.gateway = gateway
    table = gateway.table.newestTable()
    sharing = Sharing(gateway.shares, gateway.shares.shares())
  }

  /// Checks a call.
  ///
  /// - Parameters:
  ///   - socket: the connection's other end.
  ///   - now: Unix seconds.
  ///   - sessions: of the event loop.
  func admit(
    _ head: RequestHead, socket: NetworkAddress?, now: Int, sessions: inout SessionCache
  ) throws(Refusal) -> Admission {
    let caller = CallerOfCall(socket: socket, head: head)
    try checkServer(head, caller)
    let path = try path(head)
    if head.method == .options { throw preflight(path, head) }
    let api = try api(of: path, head)
    try check(caller, api)
    let endpoint = try endpoint(of: path, head.method, api)
    if let feature = api.missingFeature { throw Refusal(failure: .missing(feature), api: api) }
    var (user, delay): (UserPlan?, UInt64) = (nil, 0)
    if !api.record.isPublic, api.record.needsToken {
      let known = try self.user(head, &sessions, api, now: now)
      delay = try check(known, api, head, now: now)
      user = known
    }
    guard api.record.isActive else { throw Refusal(failure: .inactive, api: api) }
    let servers = head.value(.clientKey).flatMap(table.routing) ?? endpoint.servers ?? api.servers
    guard !servers.servers.isEmpty else { throw Refusal(failure: .noServer, api: api) }
    if endpoint.isValidated {
      throw Refusal(failure: .missing("the validation of bodies (endpoint validation)"), api: api)
    }
    return Admission(api: api, endpoint: endpoint, servers: servers, user: user, path: path, delay: delay)
  }

  /// The time that decides about the windows of limits, in seconds.
  ///
  /// - Parameter now: Unix seconds.
  func seconds(_ now: Int) -> Int { sharing.shares.clock.seconds(now) }

  /// The checks that come before the API is looked for.
  private func checkServer(_ head: RequestHead, _ caller: CallerOfCall) throws(Refusal) {
    if !table.isOpen {
      let addresses = table.model.settings.addresses
      switch addresses.verdict(on: caller.caller.client(trusting: addresses.trustedProxies)) {
      case .allowed: break
      case .notInAllowList: throw Refusal(failure: .notInAllowList)
      case .inDenyList: throw Refusal(failure: .inDenyList)
      }
    }
    for line in head.values(.via) where gateway.isOwn(via: line) { throw Refusal(failure: .loop) }
    if let length = head.contentLength, let limit = gateway.bodyLimit(head), length > limit {
      throw Refusal(failure: .bodyTooLarge)
    }
    if head.method == .other { throw Refusal(failure: .method) }
    if head.asksForWebSocket { throw Refusal(failure: .webSocket) }
    // A proxy might have checked the other one of two.
    if head.isRepeated(.apiVersion) || head.isRepeated(.clientKey) { throw Refusal(failure: .repeatedField) }
  }

  private func path(_ head: RequestHead) throws(Refusal) -> CallPath {
    let path = head.bytes.withUnsafeReadableBytes { bytes -> Result<CallPath, CallFailure> in
      do throws(CallFailure) {
        return .success(try CallPath(UnsafeRawBufferPointer(rebasing: bytes[head.target]).bytes))
      } catch {
        return .failure(error)
      }
    }
    switch path {
    case .success(let path): return path
    case .failure(let failure): throw Refusal(failure: failure)
    }
  }

  private func found(_ path: CallPath, _ head: RequestHead) -> APIPlan? {
    (path.version ?? head.value(.apiVersion)).flatMap { table.api(path.name, $0) }
  }

  private func api(of path: CallPath, _ head: RequestHead) throws(Refusal) -> APIPlan {
    guard let api = found(path, head) else { throw Refusal(failure: .noAPI) }
    return api
  }

  private func endpoint(of path: CallPath, _ method: RequestHead.Method, _ api: APIPlan) throws(Refusal) -> EndpointPlan
  {
    guard let endpoint = api.endpoints.find(method.nameOfEndpoint, path.uri) else {
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
    _ head: RequestHead, _ sessions: inout SessionCache, _ api: APIPlan, now: Int
  ) throws(Refusal) -> UserPlan {
    let cookie = head.has(.cookie) ? RequestToken.cookie(RequestToken.cookie, in: head.values(.cookie)) : nil
    var user: UserPlan?
    if let cookie, !cookie.isEmpty {
      user = sessions.user(
        SessionCache.text(cookie: cookie).span.bytes, in: table, now: now, tokens: gateway.tokens, users: gateway.users
      ) { cookie }
    } else if let field = head.fields.first(where: { $0.kind == .authorization }) {
      // With two fields, a proxy might have checked the other one, so none counts.
      user = head.bytes.withUnsafeReadableBytes { bytes in
        sessions.user(
          UnsafeRawBufferPointer(rebasing: bytes[field.value]).bytes, in: table, now: now, tokens: gateway.tokens,
          users: gateway.users
        ) { RequestToken.inAuthorization(head.values(.authorization)) }
      }
      if head.fields.contains(where: { $0.kind == .authorization && $0.nameStart != field.nameStart }) { user = nil }
    }
    guard let user else { throw Refusal(failure: .noSession, api: api) }
    return user
  }

  /// Subscription, group, limits and role of a user.
  ///
  /// - Returns: nanoseconds that the call has to wait.
  private func check(_ user: UserPlan, _ api: APIPlan, _ head: RequestHead, now: Int) throws(Refusal) -> UInt64 {
    let needsSubscription = !user.isAdmin || gateway.configuration.enforcesAdminSubscription
    if needsSubscription, !user.subscriptions.contains(api.number) {
      throw Refusal(failure: .notSubscribed, api: api)
    }
    guard user.groups.intersects(api.allowedGroups) else { throw Refusal(failure: .noGroup, api: api) }
    if let rate = user.limits.rate {
      let now = seconds(now)
      let place = user.counters.rate.count(upTo: rate.count, window: rate.window, now: now, sharing: sharing)
      if place == nil {
        let rest = WindowCounter.secondsToReset(window: rate.window, now: now)
        throw Refusal(failure: .rate(retryAfter: rest), api: api)
      }
    }
    let delay = try throttle(user, api, now: now)
    let roles = api.record.allowedRoles
    guard roles.isEmpty || user.role.map({ roles.containsBytes(of: $0) }) == true else {
      throw Refusal(failure: .noRole, api: api)
    }
    if let bandwidth = user.limits.bandwidth {
      let (now, counter) = (seconds(now), user.counters.bandwidth)
      let left = counter.left(of: bandwidth.bytes, window: bandwidth.window, now: now, sharing: sharing)
      guard left > 0, head.contentLength ?? 0 <= left else {
        counter.noteRefusal(window: bandwidth.window, now: now)
        let rest = WindowCounter.secondsToReset(window: bandwidth.window, now: now)
        throw Refusal(failure: .bandwidth(retryAfter: rest), api: api)
      }
    }
    return delay
  }

  private func throttle(_ user: UserPlan, _ api: APIPlan, now: Int) throws(Refusal) -> UInt64 {
    guard let throttle = user.limits.throttle else { return 0 }
    let (now, counter) = (seconds(now), user.counters.throttle)
    let place = counter.count(upTo: throttle.queueLimit, window: throttle.window, now: now, sharing: sharing)
    guard let number = place else {
      let rest = WindowCounter.secondsToReset(window: throttle.window, now: now)
      throw Refusal(failure: .throttle(retryAfter: rest), api: api)
    }
    guard number > throttle.count else { return 0 }
    return UInt64(min(86_400, Double(number - throttle.count) * throttle.wait) * 1_000_000_000)
  }

  /// The answer to `OPTIONS`: 204, with what the API lets scripts of the origin do. An API or an endpoint that is not
  /// there changes nothing, unless the settings say so.
  private func preflight(_ path: CallPath, _ head: RequestHead) -> Refusal {
    let api = found(path, head)
    if gateway.configuration.refusesUnknownPreflights, api?.endpoints.hasAny(path.uri) != true {
      return Refusal(failure: .method, api: api)
    }
    return Refusal(failure: .preflight, api: api)
  }
}

/// The caller of a call, taken apart only where a policy asks.
struct CallerOfCall {
  let socket: NetworkAddress?
  let head: RequestHead

  var caller: Caller {
    Caller(
      socket: socket, forwardedFor: forwardedFor, isForwarded: head.has(.forwardedFor) || head.has(.forwarded))
  }

  private var forwardedFor: [String] {
    if head.has(.forwardedFor) {
      return head.values(.forwardedFor).flatMap { line in
        line.allParts(betweenBytes: UInt8(ascii: ",")).map(\.withoutOuterSpace)
      }
    }
    // Some proxies name the client in a field of its own.
    guard head.has(.forwarded) else { return [] }
    let names: [StaticString] = ["x-real-ip", "cf-connecting-ip"]
    return names.lazy.map(head.values(named:)).first { !$0.isEmpty } ?? []
  }
}
