import JSON
import Synchronization

/// The figures of calls. The numbers of labels are bounded: what is beyond counts as `other`.
final class CallMetrics: Sendable {
  struct EndpointLabel: Hashable, Sendable {
    let api: UTF8Key
    /// Method and URI.
    let endpoint: UTF8Key
  }

  private struct State: Sendable {
    var endpoints: [EndpointLabel: StatusCounters] = [:]
    /// Endpoints that found no place since places were looked for.
    var refused = 0
  }

  static let mostEndpoints = 5000
  /// A look for places goes through all labels, so it is not made for each endpoint that finds none.
  private static let refusalsBetweenLooks = 500

  /// Calls of deleted endpoints whose labels were given up. No sample shows them, but the sums by status have them.
  private let retired = StatusCounters()

  /// Calls of endpoints beyond the bound.
  private let others = StatusCounters()
  /// Calls that found no endpoint.
  let unmatched = StatusCounters()
  let retries = Counter()
  /// Servers that did not answer in time.
  let timeouts = Counter()
  let staleRetries = Counter()
  private let state = Mutex(State())
  /// The calls that the gateway answered itself, by code.
  private let refusals = Mutex<[UTF8Key: Int]>([:])

  /// The counters of an endpoint, which outlive its changes. They go when the endpoint is deleted and another one needs
  /// the place.
  func endpoint(_ api: String, _ method: String, _ uri: String) -> StatusCounters {
    let label = EndpointLabel(api: UTF8Key(api), endpoint: UTF8Key("\(method) \(uri)"))
    return state.withLock { state in
      if let counters = state.endpoints[label] { return counters }
      if state.endpoints.count >= Self.mostEndpoints { makeRoom(&state) }
      guard state.endpoints.count < Self.mostEndpoints else {
        state.refused += 1
        return others
      }
      let counters = StatusCounters()
      state.endpoints[label] = counters
      return counters
    }
  }

  /// Gives up the labels of endpoints that no table has and that no call uses.
  private func makeRoom(_ state: inout State) {
    guard state.refused % Self.refusalsBetweenLooks == 0 else { return }
    var unused: [EndpointLabel] = []
    var index = state.endpoints.startIndex
    while index != state.endpoints.endIndex {
      if isKnownUniquelyReferenced(&state.endpoints.values[index]) {
        retired.add(state.endpoints.values[index])
        unused.append(state.endpoints.keys[index])
      }
      state.endpoints.formIndex(after: &index)
    }
    for label in unused { state.endpoints[label] = nil }
  }

  /// A call that the gateway answers itself. Few calls do, so this may take a lock.
  func refuse(_ code: String) {
    refusals.withLock { $0[UTF8Key(code), default: 0] += 1 }
  }

  /// Calls by endpoint and status.
  var calls: [(label: EndpointLabel, status: Int, calls: Int)] {
    figures.labels.flatMap { label, counters in counters.values.map { (label, $0.status, $0.calls) } }
      .sorted { ($0.0.api, $0.0.endpoint, $0.1) < ($1.0.api, $1.0.endpoint, $1.1) }
      .map { (label: $0.0, status: $0.1, calls: $0.2) }
  }

  /// Calls by status.
  var statuses: [(status: Int, calls: Int)] {
    let (labels, retired) = figures
    var sums: [Int: Int] = [:]
    for counters in labels.values {
      for (status, calls) in counters.values { sums[status, default: 0] += calls }
    }
    for (status, calls) in retired { sums[status, default: 0] += calls }
    return sums.map { (status: $0.key, calls: $0.value) }.sorted { $0.status < $1.status }
  }

  /// The counters with a label, and the calls of those without one. Both are taken at once, so that no call is missing
  /// or there twice.
  private var figures: (labels: [EndpointLabel: StatusCounters], retired: [(status: Int, calls: Int)]) {
    var (labels, unlabelled) = state.withLock { ($0.endpoints, retired.values) }
    labels[EndpointLabel(api: UTF8Key("other"), endpoint: UTF8Key("other"))] = others
    labels[EndpointLabel(api: UTF8Key("none"), endpoint: UTF8Key("none"))] = unmatched
    return (labels, unlabelled)
  }

  /// The calls that the gateway answered itself, by code.
  var refused: [(code: String, calls: Int)] {
    refusals.withLock { $0 }.map { (code: $0.key.text, calls: $0.value) }.sorted { $0.code.precedesByBytes($1.code) }
  }
}

/// The figures of one event loop, which writes them alone.
final class LoopMetrics: Sendable {
  /// From the arrival of a call's head to the beginning of its answer, or to its end without one. The time of servers,
  /// from the beginning of a try to its end, is left out.
  let gatewayTime = TimeHistogram(TimeHistogram.fine)
  /// From the beginning of a try to the head of the server's answer.
  let backendTime = TimeHistogram(TimeHistogram.fine)
  /// From the arrival of a call's head to the end of its answer.
  let wholeTime = TimeHistogram(TimeHistogram.coarse)
  /// The longest delay of the event loop since the last look, in nanoseconds.
  let lag = Atomic<UInt64>(0)

  func note(lag: UInt64) {
    if lag > self.lag.load(ordering: .relaxed) { self.lag.store(lag, ordering: .relaxed) }
  }
}

/// The connections of one event loop to one server.
struct PoolFigures: Sendable {
  let server: String
  var open: Int
  var idle: Int
  var waiting: Int

  /// Adds the connections of others.
  mutating func add(_ others: PoolFigures) {
    open += others.open
    idle += others.idle
    waiting += others.waiting
  }
}
