import DumpDirectory
import JSON

/// Decides the role of this task from the gateway's readiness and the lease: a value without a clock.
///
/// The gateway does not tell its name as the holder of the lease. It is learned: when two checks in a row find it to be
/// the writer, a lease that was read between them is its own. From then on the lease alone shows that another task has
/// taken over, at once and whatever the gateway answers.
struct RoleState: Sendable {
  /// The result of a check of the gateway.
  enum Gateway: Sendable, Equatable {
    case writer
    /// It takes no changes, with its own words.
    case standby(String)
    /// It does not tell, with the reason.
    case silent(String)
  }

  /// The result of a read of the lease.
  enum Lease: Sendable, Equatable {
    /// There is none, as beside Doorman.
    case absent
    case record(LeaseRecord)
    case unreadable(String)

    /// The holder, unless it has released the lease.
    fileprivate var holder: RoleState.Holder? {
      guard case .record(let record) = self, !record.isReleased else { return nil }
      return Holder(name: record.holder.name, epoch: record.epoch)
    }
  }

  /// The holder of the lease in one epoch.
  fileprivate struct Holder: Sendable {
    let name: String
    let epoch: Int

    func isSame(as other: Holder) -> Bool { epoch == other.epoch && name.hasSameBytes(as: other.name) }
  }

  private var gateway = Gateway.silent("the gateway was not asked yet")
  private var checkedAt: Duration?
  /// When the last check ended, if it found the writer.
  private var foundWriterAt: Duration?
  private var lease: Lease?
  private var readAt: (from: Duration, to: Duration) = (.zero, .zero)
  private var unchangedSince: Duration?
  /// The gateway as the holder of the lease, as it was last known.
  private var ownHolder: Holder?
  /// The gateway's name as the holder of the lease, as it was last known.
  var own: String? { ownHolder?.name }

  /// A check counts for this long. One is made every 5 seconds and takes up to 3.
  static let checkLife = Duration.seconds(15)
  /// Nobody holds a lease that is not renewed for this long. A task takes it after 15 seconds, if its volume lets it.
  static let vacancy = Duration.seconds(60)

  /// Takes in a check of the gateway, which began and ended at these times.
  mutating func checked(_ gateway: Gateway, from began: Duration, to ended: Duration) {
    if gateway == .writer, let before = foundWriterAt, let holder = lease?.holder, readAt.from >= before,
      readAt.to <= began
    {
      ownHolder = holder
    }
    foundWriterAt = gateway == .writer ? ended : nil
    (self.gateway, checkedAt) = (gateway, ended)
  }

  /// Takes in what a read of the lease found, which began and ended at these times.
  mutating func read(_ lease: Lease, from began: Duration, to ended: Duration) {
    if case .unreadable = lease { unchangedSince = nil } else if lease != self.lease { unchangedSince = began }
    (self.lease, readAt) = (lease, (began, ended))
  }

  /// Whether a further check soon would tell more.
  var isSettling: Bool {
    gateway == .writer && lease?.holder != nil && !hasOwnLease
  }

  /// The role at this time.
  func role(at now: Duration) -> VolumeRole {
    let (isOwn, isRead) = (hasOwnLease, lease != nil)
    if case .unreadable(let reason)? = lease { return .unknown("the lease can't be read: \(reason)") }
    switch present(at: now) {
    case .writer where isRead && (isOwn || lease?.holder == nil): return .holder
    case .writer where ownHolder == nil: return .unknown("it is not known yet which holder of the lease the gateway is")
    case .writer:
      return .unknown("the gateway says that it takes changes, and the lease has another holder than before")
    // Its volume is full, or does not let it renew its lease.
    case .standby where isOwn: return .holder
    case .standby(let reason): return isVacant(at: now) ? .vacant(reason) : .standby(reason)
    case .silent(let reason): return isVacant(at: now) ? .vacant(reason) : .unknown(reason, hasLease: isOwn)
    }
  }

  private func present(at now: Duration) -> Gateway {
    guard let checkedAt, now - checkedAt > Self.checkLife else { return gateway }
    return .silent("the gateway was not asked for \((now - checkedAt).components.seconds) seconds")
  }

  private var hasOwnLease: Bool {
    guard let ownHolder, let holder = lease?.holder else { return false }
    return ownHolder.isSame(as: holder)
  }

  /// Whether the lease was the same for so long that nobody holds it. Reads that are old show nothing.
  private func isVacant(at now: Duration) -> Bool {
    guard let unchangedSince, now - readAt.to <= Self.checkLife else { return false }
    return readAt.from - unchangedSince >= Self.vacancy
  }
}
