import Clocks
import Threads

/// The tasks on standby that the holder of the lease has heard of.
package final class Standbys: Sendable {
  private struct Sighting {
    let heardAt: Duration
    let lag: Duration?
  }

  /// The time after which a task that was not heard of counts as gone. It says hello each second.
  package static let patience = Duration.seconds(3)
  /// The lag up to which a task counts as current.
  private static let currentLag = Duration.seconds(2)

  private let sightings = Lock<[PeerName: Sighting]>([:])
  private let now: @Sendable () -> Duration

  /// Begins without any.
  ///
  /// - Parameter now: a clock that only goes forward.
  package init(now: @escaping @Sendable () -> Duration = SteadyClock.now) {
    self.now = now
  }

  /// A standby said hello.
  ///
  /// - Parameter lag: the time since its state was current, or `nil` when it never was.
  package func note(_ name: PeerName, lag: Duration?) {
    let now = now()
    sightings.withLock { sightings in
      sightings = sightings.filter { now - $0.value.heardAt < Self.patience }
      sightings[name] = Sighting(heardAt: now, lag: lag)
    }
  }

  /// The tasks that live.
  package var count: Int { living { _ in true } }

  /// Whether a task lives that has the state of the holder, apart from the changes of the last moments.
  package var hasCurrent: Bool { living { $0.lag.map { $0 < Self.currentLag } ?? false } > 0 }

  private func living(_ isMeant: (Sighting) -> Bool) -> Int {
    let now = now()
    return sightings.withLock { sightings in
      sightings.values.count { now - $0.heardAt < Self.patience && isMeant($0) }
    }
  }
}
