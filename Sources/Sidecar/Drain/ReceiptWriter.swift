import Clocks
import DumpDirectory
import DumpReports
import JSON
import Logging
import Logs
import Synchronization
import Threads

/// Writes the receipt of a drain once, and logs how the drain ended.
final class ReceiptWriter: Sendable {
  private struct Writing: Sendable {
    let receipt: DrainReceipt
    let bytes: [UInt8]
    let ticket: Ticket<String>
  }

  private let volume: DumpVolume
  private let logger: Logger
  private let writing = Mutex<Writing?>(nil)

  init(volume: DumpVolume, logger: Logger) {
    self.volume = volume
    self.logger = logger
  }

  /// Writes the receipt, or waits for the one that is being written already.
  func write(_ receipt: DrainReceipt, until deadline: Deadline) {
    _ = writing.withLock { writing in
      let present = writing ?? start(receipt)
      writing = present
      return present.ticket
    }.wait(until: deadline)
  }

  private func start(_ receipt: DrainReceipt) -> Writing {
    let (volume, bytes) = (volume, JSONWriter.bytes(receipt.json))
    // The drain's worker may hang on the volume, and the receipt must be tried all the same.
    let ticket = Worker().start { () throws -> String in
      var number = 0
      while true {
        do throws(DumpDirectoryError) {
          return try volume.directory.writeSmallFile(receipt.fileName(number: number), bytes, replaces: false)
        } catch {
          guard error.code == .taken, number < 100 else { throw error }
          number += 1
        }
      }
    }
    return Writing(receipt: receipt, bytes: bytes, ticket: ticket)
  }

  /// Logs how the drain ended. A receipt that the volume does not take goes to standard error.
  func report() {
    guard let writing = writing.withLock({ $0 }) else { return }
    let receipt = writing.receipt
    let outcome = receipt.finding.outcome
    var metadata: Logger.Metadata = [
      "drain.outcome": "\(outcome.rawValue)", "duration.ms": .stringConvertible(receipt.took.milliseconds),
      "exit.code": .stringConvertible(Int(outcome.exit.rawValue)),
    ]
    if let dump = receipt.record.dump {
      metadata["dump.name"] = "\(dump.name)"
      metadata["dump.documents"] = .stringConvertible(dump.verification.documents)
      metadata["dump.bytes"] = .stringConvertible(dump.bytes)
    }
    if let copy = receipt.record.copy { metadata["offsite.copied"] = .stringConvertible(copy.isThere) }
    switch writing.ticket.outcome {
    case .done(let path)?: metadata["receipt.path"] = "\(path)"
    case .failed(let error)?: metadata["receipt.error"] = "\(error)"
    case .late?, nil: metadata["receipt.error"] = "the volume did not answer in time"
    }
    if metadata["receipt.path"] == nil { StandardError.write(String(decoding: writing.bytes, as: UTF8.self)) }
    let level: Logger.Level = outcome.exit == .success ? .notice : .error
    metadata["drain.sentence"] = "\(receipt.finding.sentence)"
    logger.log(level: level, "drain ended", metadata: metadata)
  }
}
