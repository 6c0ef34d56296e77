/// Searches an order of the calls about one key that explains every answer.
///
/// In that order each call acts at once, on the state that the calls before it leave. A change, and a read that must be
/// current, acts between its beginning and its end. Any other read acts before its end: it may be of an older state.
/// The calls of one connection act in their order, so its reads never go back, and see its own changes. These are the
/// guarantees of ZooKeeper. A call of unknown outcome acts at any time after its beginning, or never.
///
/// The search is that of Wing and Gong, with a memory of the positions that lead nowhere (Lowe). A call that changes
/// nothing acts as soon as it may: later it could only be in the way.
struct OrderSearch {
  enum Result: Equatable {
    case explained
    case impossible
    /// The search took more steps than it may.
    case undecided
  }

  /// A position of the search.
  private struct Position: Hashable {
    /// The calls that have acted, a bit each.
    var acted: [UInt64]
    /// The change that made the present value, or -1 when the key is not there.
    var state: Int

    func has(_ call: Int) -> Bool { acted[call >> 6] & (1 << UInt64(call & 63)) != 0 }
    mutating func insert(_ call: Int) { acted[call >> 6] |= 1 << UInt64(call & 63) }
  }

  private let calls: [Call]
  /// The calls that must act before a call.
  private let before: [[Int]]
  private var steps: Int
  private var deadEnds: Set<Position> = []

  /// - Parameter steps: the most positions that are tried.
  init(_ calls: [Call], steps: Int = 1_000_000) {
    // A read without an answer tells nothing.
    let calls = calls.filter { $0.kind != .read || $0.outcome != .unknown }.sorted { $0.begun < $1.begun }
    self.calls = calls
    self.steps = steps
    before = calls.map { call in
      calls.indices.filter { Self.must(calls[$0], actBefore: call) }
    }
  }

  private static func must(_ first: Call, actBefore second: Call) -> Bool {
    guard let end = first.ended, first.outcome != .unknown, end < second.begun else { return false }
    if second.kind != .read || second.isStrict { return true }
    // A refusal comes from the task that writes, and promises nothing of the state that this connection reads.
    return first.connection == second.connection && (first.kind == .read || first.outcome == .done)
  }

  mutating func run() -> Result {
    let start = Position(acted: Array(repeating: 0, count: calls.count / 64 + 1), state: -1)
    // A stack of its own, as histories are long.
    var stack: [(position: Position, choices: [Int])] = []
    func push(_ position: Position, _ search: inout OrderSearch) -> Bool {
      var position = position
      search.settle(&position)
      if search.isWhole(position) { return true }
      guard search.deadEnds.insert(position).inserted else { return false }
      search.steps -= 1
      stack.append((position, search.choices(at: position)))
      return false
    }
    if push(start, &self) { return .explained }
    while var top = stack.popLast() {
      guard steps > 0 else { return .undecided }
      guard let choice = top.choices.popLast() else { continue }
      stack.append(top)
      var next = top.position
      next.insert(choice)
      next.state = calls[choice].kind == .delete ? -1 : choice
      if push(next, &self) { return .explained }
    }
    return .impossible
  }

  /// Lets every call act that may and changes nothing.
  private func settle(_ position: inout Position) {
    var isMore = true
    while isMore {
      isMore = false
      for index in calls.indices where !calls[index].mayChange && !position.has(index) {
        guard isFree(index, at: position), fits(calls[index], position.state) else { continue }
        position.insert(index)
        isMore = true
      }
    }
  }

  private func isWhole(_ position: Position) -> Bool {
    calls.indices.allSatisfy { position.has($0) || calls[$0].outcome == .unknown }
  }

  /// The changes that may act next, the best guess last: those that were acknowledged, the earliest first.
  private func choices(at position: Position) -> [Int] {
    let free = calls.indices.filter {
      calls[$0].mayChange && !position.has($0) && isFree($0, at: position) && fits(calls[$0], position.state)
    }
    return free.filter { calls[$0].outcome == .unknown }.reversed()
      + free.filter { calls[$0].outcome != .unknown }.sorted { end(of: $0) > end(of: $1) }
  }

  private func end(of call: Int) -> Double { calls[call].ended ?? .infinity }

  private func isFree(_ call: Int, at position: Position) -> Bool { before[call].allSatisfy { position.has($0) } }

  /// Whether a call can have its answer in a state.
  private func fits(_ call: Call, _ state: Int) -> Bool {
    let isThere = state >= 0
    switch (call.kind, call.outcome) {
    case (.read, .found(let value)): return value == (isThere ? calls[state].value : nil)
    case (_, .exists): return isThere
    case (_, .missing): return !isThere
    case (.create, _): return !isThere
    case (.update, _), (.delete, _): return isThere
    case (.read, _): return true
    }
  }
}
