import Model
import NIOCore
import Synchronization

/// A connection that the limiter took. Its event loop notes what the connection does in one word, without a lock; the
/// limiter reads the word when it has to choose a connection to close.
final class ConnectionPlace: Sendable {
  /// The activity of a connection and since when it lasts, by the steady clock.
  struct Note: Sendable, Equatable {
    let activity: ConnectionTable.Activity
    let since: Duration
    /// Whether the connection ever did anything but wait for its first request.
    let hasWorked: Bool
  }

  /// The bits of the word: flags, the activity, and above them the time in microseconds.
  private enum Bits {
    static let closing: UInt64 = 1 << 0
    /// The limiter does not know the word's activity yet.
    static let changed: UInt64 = 1 << 1
    static let worked: UInt64 = 1 << 2
    static let activityShift: UInt64 = 3
    static let timeShift: UInt64 = 5
  }

  private static let activities: [ConnectionTable.Activity] = [.idle, .sending, .answering, .taking]

  let id: ConnectionTable.ID
  let channel: any Channel
  /// The address of the client.
  let client: NetworkAddress?
  private let word = Atomic<UInt64>(0)
  private let changes: ConnectionChanges

  init(id: ConnectionTable.ID, channel: any Channel, client: NetworkAddress?, changes: ConnectionChanges) {
    self.id = id
    self.channel = channel
    self.client = client
    self.changes = changes
  }

  /// Notes what the connection does from now on.
  ///
  /// - Parameter microseconds: by the steady clock.
  /// - Returns: `false` when it is being closed for another one: no request of it may begin.
  func note(_ activity: ConnectionTable.Activity, at microseconds: UInt64) -> Bool {
    let index: UInt64 =
      switch activity {
      case .idle: 0
      case .sending: 1
      case .answering: 2
      case .taking: 3
      }
    var old = word.load(ordering: .acquiring)
    while old & Bits.closing == 0 {
      let worked = old & Bits.worked | (activity == .idle ? 0 : Bits.worked)
      let new = microseconds << Bits.timeShift | index << Bits.activityShift | worked | Bits.changed
      let (exchanged, original) = word.compareExchange(expected: old, desired: new, ordering: .acquiringAndReleasing)
      if exchanged {
        if old & Bits.changed == 0 { changes.append(self) }
        return true
      }
      old = original
    }
    return false
  }

  /// Returns the activity that the limiter does not know yet. It counts as known from then on.
  ///
  /// - Returns: `nil` when there is none, or the connection is being closed.
  func takeChange() -> Note? {
    let old = word.bitwiseAnd(~Bits.changed, ordering: .acquiringAndReleasing).oldValue
    guard old & Bits.changed != 0, old & Bits.closing == 0 else { return nil }
    return Self.note(old)
  }

  /// Decides that the connection is closed for another one, unless its activity changed since `takeChange`.
  ///
  /// - Returns: `nil` when it is decided, or the new activity.
  func close() -> Note? {
    let old = word.load(ordering: .acquiring)
    guard old & Bits.changed == 0 else { return takeChange() }
    let (exchanged, _) = word.compareExchange(
      expected: old, desired: old | Bits.closing, ordering: .acquiringAndReleasing)
    return exchanged ? nil : takeChange()
  }

  private static func note(_ word: UInt64) -> Note {
    Note(
      activity: activities[Int(word >> Bits.activityShift & 3)],
      since: .microseconds(Int64(word >> Bits.timeShift)), hasWorked: word & Bits.worked != 0)
  }
}

/// The connections of one event loop whose activity changed since the limiter last asked.
final class ConnectionChanges: Sendable {
  private let places = Mutex<[ConnectionPlace]>([])

  func append(_ place: ConnectionPlace) {
    places.withLock { $0.append(place) }
  }

  func take() -> [ConnectionPlace] {
    places.withLock { places in
      defer { places = [] }
      return places
    }
  }
}
