import Clocks
import Listener
import Logging
import Settings
import Threads

/// Keeps the certificate of the port as its files are.
actor CertificateWatch: FileWatch {
  /// The time between two looks at the files.
  static let interval = Duration.seconds(10)

  private let port: PortCertificate
  private let logger: Logger
  /// The volume of the files can hang.
  private let worker = Worker.started()
  private var changes: CertificateChanges

  init(_ port: PortCertificate, logger: Logger) {
    self.port = port
    self.logger = logger
    changes = CertificateChanges(port.stamps)
  }

  func look(isAsked: Bool) async {
    let (port, changes) = (port, changes)
    do {
      let seen = try await worker.perform { () -> Look? in
        let stamps = port.files.stamps
        guard isAsked || changes.isDue(stamps) else { return nil }
        do throws(ServerCertificate.Fault) {
          try port.certificate.replace(with: try port.files.read())
          return Look(stamps: stamps, fault: nil)
        } catch {
          return Look(stamps: stamps, fault: error)
        }
      }
      if let seen { note(seen, isAsked: isAsked) }
    } catch {
      report("\(error)")
    }
  }

  private struct Look: Sendable {
    let stamps: [FileStamp?]
    let fault: ServerCertificate.Fault?
  }

  private func note(_ seen: Look, isAsked: Bool) {
    guard let fault = seen.fault else {
      changes.succeed(seen.stamps)
      let end = CivilTime(unixSeconds: port.certificate.end).extended
      return logger.notice("certificate read; new connections get it", metadata: ["certificate.end": "\(end)"])
    }
    if changes.fail(seen.stamps) || isAsked { report(port.files.sentence(fault)) }
  }

  private func report(_ sentence: String) {
    logger.error(
      "the certificate can't be replaced, so new connections get the one before: correct SSL_CERTFILE and SSL_KEYFILE, which are read again when a file changes and at SIGHUP",
      metadata: ["error": "\(sentence)"])
  }
}

/// Decides when the files of the certificate are read again, and when a fault of them is reported. A value without
/// files and without a clock.
struct CertificateChanges: Sendable {
  /// The files as they were when they were read.
  private var known: [FileStamp?]
  /// The files as they were at the last look, which found a fault.
  private var doubtful: [FileStamp?]?
  /// The files as they were when a fault of them was reported.
  private var reported: [FileStamp?]?

  init(_ stamps: [FileStamp?]) {
    known = stamps
  }

  /// Whether the files are to be read again. After a fault they are, at each look: its end may not show in them.
  func isDue(_ stamps: [FileStamp?]) -> Bool { stamps != known }

  mutating func succeed(_ stamps: [FileStamp?]) {
    (known, doubtful, reported) = (stamps, nil, nil)
  }

  /// The files of a pair are replaced one after the other, so a fault counts when the next look finds it again.
  ///
  /// - Returns: whether the fault is to be reported, which it is once while the files stay the same.
  mutating func fail(_ stamps: [FileStamp?]) -> Bool {
    guard doubtful == stamps else {
      doubtful = stamps
      return false
    }
    defer { reported = stamps }
    return reported != stamps
  }
}
