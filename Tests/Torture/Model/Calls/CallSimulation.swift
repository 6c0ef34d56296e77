/// Histories of clients on two tasks that replicate as the gateway's do: one writes, the other one follows, forwards
/// changes, and answers them when it has them. Faults can be put in, to show that the check finds them.
package struct CallSimulation {
  /// A fault of the tasks.
  package enum Fault: String, Sendable, CaseIterable {
    /// A change is answered before it is made.
    case earlyAnswer
    /// The standby answers a change that it forwarded before it has that change itself.
    case laggingRead
    /// A take-over leaves out the changes that the next writer did not have yet.
    case lostChange
    /// A task that lost the lease goes on accepting changes for a while.
    case twoWriters
    /// A balancer sends the requests of one connection to both tasks.
    case mixedConnection
    /// A change is forwarded again after it was made, because its answer was lost.
    case repeatedChange
  }

  /// A change of the state: the value of a key, or `nil` without the key.
  private typealias Effect = (key: String, value: String?)

  /// One task. The log of the writer is the one that counts.
  private struct Replica {
    var log: [Effect] = []
    var state: [String: String] = [:]

    mutating func apply(_ effect: Effect) {
      log.append(effect)
      state[effect.key] = effect.value
    }
  }

  private struct Client {
    var connection: Int
    var task: Int
    var call: Call?
    var hasActed = false
    /// The length of the writer's log with the change.
    var place = 0
  }

  private var generator: any RandomNumberGenerator
  private let fault: Fault?
  private var tasks = [Replica(), Replica()]
  private var writer = 0
  /// The task that still accepts changes although it lost the lease, until this step.
  private var deposed: (task: Int, until: Int)?
  private var late: [(step: Int, effect: Effect)] = []
  private var clients: [Client]
  private var connections: Int
  private var (now, step, count) = (0.0, 0, 0)
  private var calls: [Call] = []

  /// Plays a history.
  package static func history(
    _ fault: Fault? = nil, steps: Int = 600, randomness: some RandomNumberGenerator
  ) -> [Call] {
    var simulation = CallSimulation(fault, randomness: randomness)
    for step in 0..<steps { simulation.play(step) }
    return simulation.ended()
  }

  private init(_ fault: Fault?, randomness: some RandomNumberGenerator) {
    generator = randomness
    self.fault = fault
    connections = 5
    clients = (0..<5).map { Client(connection: $0, task: $0 % 2) }
  }

  private mutating func play(_ step: Int) {
    self.step = step
    now += Double(Int.random(in: 1...1000, using: &generator)) / 100_000
    for late in late where late.step == step { tasks[writer].apply(late.effect) }
    if chance(3), tasks[1 - writer].log.count < tasks[writer].log.count, deposed == nil {
      let other = 1 - writer
      tasks[other].apply(tasks[writer].log[tasks[other].log.count])
    }
    if chance(80) { takeOver() }
    if let end = deposed?.until, end <= step {
      // It takes the writer's state, as a task that lost its lease does.
      tasks[1 - writer] = tasks[writer]
      deposed = nil
    }
    let client = Int.random(in: clients.indices, using: &generator)
    guard let call = clients[client].call else { return begin(client) }
    if chance(40) { return breakOff(client) }
    if !clients[client].hasActed { act(client, call) } else { answer(client, call) }
  }

  private mutating func begin(_ client: Int) {
    count += 1
    let key = "k\(Int.random(in: 0...1, using: &generator))"
    let kind: Call.Kind =
      [.create, .update, .update, .delete, .read, .read, .read].randomElement(using: &generator)
      ?? .read
    let value = kind == .create || kind == .update ? "v\(count)" : nil
    clients[client].call = Call(key, clients[client].connection, kind, value, from: now, to: nil, .unknown)
    clients[client].hasActed = false
    now += 0.00001
  }

  private mutating func act(_ client: Int, _ call: Call) {
    var (call, task) = (call, clients[client].task)
    if fault == .mixedConnection { task = Int.random(in: 0...1, using: &generator) }
    if call.kind == .read {
      call.outcome = .found(tasks[task].state[call.key])
    } else {
      if deposed?.task != task { task = writer }
      call.outcome = change(call, task)
    }
    (clients[client].call, clients[client].hasActed) = (call, true)
    clients[client].place = tasks[task].log.count
  }

  private mutating func change(_ call: Call, _ task: Int) -> Call.Outcome {
    let isThere = tasks[task].state[call.key] != nil
    if call.kind == .create, isThere { return .exists }
    if call.kind != .create, !isThere { return .missing }
    let effect: Effect = (call.key, call.value)
    if fault == .earlyAnswer, chance(4) {
      late.append((step + Int.random(in: 5...40, using: &generator), effect))
      return .done
    }
    tasks[task].apply(effect)
    if fault == .repeatedChange, chance(6) { late.append((step + Int.random(in: 5...40, using: &generator), effect)) }
    return .done
  }

  private mutating func answer(_ client: Int, _ call: Call) {
    let task = clients[client].task
    let isForwarded = call.kind != .read && call.outcome == .done && task != writer
    if isForwarded, fault != .laggingRead, deposed == nil, tasks[task].log.count < clients[client].place { return }
    var call = call
    call.ended = now
    calls.append(call)
    clients[client].call = nil
    now += 0.00001
  }

  /// The connection breaks, and what the call did stays unknown.
  private mutating func breakOff(_ client: Int) {
    if var call = clients[client].call {
      (call.ended, call.outcome) = (nil, .unknown)
      calls.append(call)
    }
    connections += 1
    clients[client] = Client(connection: connections, task: Int.random(in: 0...1, using: &generator))
  }

  private mutating func takeOver() {
    guard deposed == nil else { return }
    let next = 1 - writer
    if fault != .lostChange, fault != .twoWriters {
      while tasks[next].log.count < tasks[writer].log.count {
        tasks[next].apply(tasks[writer].log[tasks[next].log.count])
      }
    }
    if fault == .twoWriters {
      tasks[next] = tasks[writer]
      deposed = (writer, step + 60)
    }
    let before = writer
    writer = next
    if fault != .twoWriters { tasks[before] = tasks[next] }
    // A process that starts again has new connections.
    for client in clients.indices where clients[client].task == before && fault != .twoWriters { breakOff(client) }
  }

  /// The history, with reads of the newest state at its end.
  private mutating func ended() -> [Call] {
    for client in clients.indices where clients[client].call != nil { breakOff(client) }
    now += 1
    for key in ["k0", "k1"] {
      calls.append(
        Call(
          key, connections + 1, .read, from: now, to: now + 0.1, .found(tasks[writer].state[key]), isStrict: true))
    }
    return calls
  }

  private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }
}
