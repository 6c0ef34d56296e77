import ArgumentParser
import TortureModel

extension LongRun.Part {
  /// The command line that plays this part alone.
  var line: String { "scripts/torture \(arguments.joined(separator: " "))" }

  /// Runs the command.
  ///
  /// - Returns: whether it found nothing.
  /// - Throws: the error that kept the command from its end.
  func run() async throws -> Bool {
    do {
      var command = try TortureProgram.parseAsRoot(arguments)
      if var waiting = command as? any AsyncParsableCommand {
        try await waiting.run()
      } else {
        try command.run()
      }
      return true
    } catch let code as ExitCode {
      return code == .success
    }
  }
}
