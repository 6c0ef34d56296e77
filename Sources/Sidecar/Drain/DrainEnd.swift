import Clocks
import DumpDirectory
import DumpReports
import JSON
import Logging
import Logs
import Threads

/// Writes the receipt of a drain, and says in the log how it went.
struct DrainEnd {
  let receipt: DrainReceipt
  let volume: DumpVolume
  let logger: Logger

  func run(until deadline: Deadline) -> SidecarExit {
    let bytes = JSONWriter.bytes(receipt.json)
    let written = write(bytes, until: deadline)
    let outcome = receipt.outcome ?? .interrupted
    var metadata: Logger.Metadata = [
      "drain.outcome": "\(outcome.rawValue)", "duration.ms": .stringConvertible(receipt.took.milliseconds),
      "exit.code": .stringConvertible(Int(outcome.exit.rawValue)),
    ]
    if let dump = receipt.dump {
      metadata["dump.name"] = "\(dump.name)"
      metadata["dump.documents"] = .stringConvertible(dump.verification.documents)
      metadata["dump.bytes"] = .stringConvertible(dump.bytes)
    }
    if let copy = receipt.copy { metadata["offsite.copied"] = .stringConvertible(copy.isThere) }
    if case .done(let path) = written {
      metadata["receipt.path"] = "\(path)"
    } else {
      // The volume does not take it: whoever looks finds it in the log.
      StandardError.write(String(decoding: bytes, as: UTF8.self))
      if case .failed(let error) = written {
        metadata["receipt.error"] = "\(error)"
      } else {
        metadata["receipt.error"] = "the volume did not answer in time"
      }
    }
    let level: Logger.Level = outcome.exit == .success ? .notice : .error
    metadata["drain.sentence"] = "\(receipt.sentence)"
    logger.log(level: level, "drain ended", metadata: metadata)
    return outcome.exit
  }

  private func write(_ bytes: [UInt8], until deadline: Deadline) -> Worker.Outcome<String> {
    let (volume, receipt) = (volume, receipt)
    // A worker of its own: the usual one may hang on the volume, and this must be tried all the same.
    return Worker().run(until: deadline) { () throws -> String in
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
  }
}
