/// A call that passed the checks: where it goes, and for whom.
final class Admission {
  let api: APIPlan
  let endpoint: EndpointPlan
  let servers: ServerRing
  /// `nil` for an API that asks for no login.
  let user: UserPlan?
  let path: CallPath
  /// Nanoseconds that the call has to wait, because its user is over the throttle.
  let delay: UInt64

  init(api: APIPlan, endpoint: EndpointPlan, servers: ServerRing, user: UserPlan?, path: CallPath, delay: UInt64) {
    self.api = api
    self.endpoint = endpoint
    self.servers = servers
    self.user = user
    self.path = path
    self.delay = delay
  }
}

/// A call that ends with the gateway's own answer, with what is known of it by then.
struct Refusal: Error {
  let failure: CallFailure
  /// The API, if it was found.
  var api: APIPlan?
}
