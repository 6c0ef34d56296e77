import Logging
import Threads

/// Learns which holder of the lease the gateway is, each time that it becomes the writer.
struct HolderWatch {
  private let volume: DumpVolume
  private let logger: Logger
  /// The holder of the lease when the gateway was first seen as the writer.
  private var seen: Ticket<String?>?
  /// The same, once it is known to be the gateway.
  private(set) var own: String?

  init(volume: DumpVolume, logger: Logger) {
    self.volume = volume
    self.logger = logger
  }

  /// Takes in a check of the gateway. Never waits for the volume.
  ///
  /// - Parameter checksAsWriter: how many checks in a row have found it to be the writer.
  mutating func note(checksAsWriter: Int, on worker: Worker) {
    switch checksAsWriter {
    case 0: seen = nil
    case 1 where seen == nil:
      seen = worker.start { [volume] in try LeaseObserver.holder(volume) }
    case 1: break
    default:
      // It was the writer before the lease was read, and still is, so the lease was its own.
      guard case .done(let holder?)? = seen?.outcome, holder != own else { return }
      own = holder
      logger.debug("the gateway holds the lease", metadata: ["lease.holder": "\(holder)"])
    }
  }
}
