import Clocks

/// Finds the state of a time among the states of a history, which come in their order.
///
/// While clocks go forward, the state of a time is the one behind the last commit up to it. After a clock was set back,
/// a time can come twice. The last state before the first later one, and the last one that is not later, are then two
/// states, and only a person can tell which one is meant.
struct MomentSearch {
  let time: Int
  private var present: HistorySpot?
  private var hasPassed = false
  /// The state before the first one that is later.
  private var beforeLater: HistorySpot?
  /// The last state that is not later.
  private var last: HistorySpot?

  init(_ time: Int) { self.time = time }

  mutating func see(_ time: Int, _ spot: HistorySpot?) {
    if time <= self.time {
      last = spot
    } else if !hasPassed {
      hasPassed = true
      beforeLater = present
    }
    present = spot
  }

  enum Outcome: Equatable {
    case found(HistorySpot)
    case uncovered
    /// The states that the time may mean.
    case ambiguous([HistorySpot])
  }

  var outcome: Outcome {
    let first = hasPassed ? beforeLater : present
    guard first == last else { return .ambiguous([first, last].compactMap(\.self)) }
    return if let first { .found(first) } else { .uncovered }
  }
}

/// The ranges of a history in which every state can be restored.
struct CoveredRanges {
  private typealias Bound = (time: Int, spot: HistorySpot)

  private var ranges: [(from: Bound, to: Bound, isOpen: Bool)] = []
  /// The newest ranges that are shown.
  private static let most = 3

  mutating func see(_ time: Int, _ spot: HistorySpot?) {
    guard let spot else {
      if !ranges.isEmpty { ranges[ranges.count - 1].isOpen = false }
      return
    }
    if ranges.last?.isOpen == true {
      ranges[ranges.count - 1].to = (time, spot)
    } else {
      ranges.append(((time, spot), (time, spot), true))
    }
  }

  /// The newest state, if nothing behind it is unknown.
  var end: HistorySpot? { ranges.last.flatMap { $0.isOpen ? $0.to.spot : nil } }

  /// The ranges in words.
  var text: String {
    guard !ranges.isEmpty else { return "no dump or journal here has a state that can be restored" }
    let shown = ranges.suffix(Self.most).map { range in
      let from = Self.text(range.from)
      if range.isOpen { return "from \(from) on" }
      return range.from.spot == range.to.spot ? "at \(from)" : "from \(from) to \(Self.text(range.to))"
    }
    let more = ranges.count > Self.most ? "; and earlier" : ""
    return "covered: \(shown.joined(separator: "; "))\(more)"
  }

  private static func text(_ bound: Bound) -> String {
    "\(CivilTime.extended(unixMicroseconds: bound.time)) (sequence \(bound.spot))"
  }
}
