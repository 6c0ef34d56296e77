import ArgumentParser
import GatehouseServer
import Settings

/// `gatehouse dump …`.
struct Dump: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Look at the dumps, convert one, restore a state, or encrypt all with another key.",
    discussion: "The directory and the keys come from MEM_DUMP_PATH, MEM_ENCRYPTION_KEY and MEM_ENCRYPTION_KEYS_OLD.",
    subcommands: [
      List.self, Inspect.self, Verify.self, RestoreCheck.self, Restore.self, Convert.self, Diff.self,
      Rekey.self,
    ])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the dumps, newest first, in the order of a start.")

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
      try DumpCommands(ProcessEnvironment.environment).list(json: json)
    }
  }

  struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what is in a dump: when it was made, and how much it holds.")

    @Argument(help: "The dump's file. Without one: the newest.")
    var file: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
      try DumpCommands(ProcessEnvironment.environment).inspect(file, json: json)
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Authenticate every byte of dumps. Exit code 65 when one does not open, 74 when one can't be read.")

    @Argument(help: "The dumps' files. Without any: all of the directory.")
    var files: [String] = []

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
      try DumpCommands(ProcessEnvironment.environment).verify(files, json: json)
    }
  }

  struct RestoreCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "restore-check",
      abstract: "Load dumps as a start would, and say which one it would take. Exit code 65 when none loads.")

    @Argument(help: "One dump's file. Without one: all that a start would try, in its order.")
    var file: String?

    func run() throws {
      try DumpCommands(ProcessEnvironment.environment).restoreCheck(file)
    }
  }

  struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a dump again in another format, encrypted with the present key, into another directory.")

    @Argument(help: "The dump's file. Without one: the newest.")
    var file: String?

    @Option(help: "dmp1, which Doorman reads, or dmp2.")
    var format: String

    @Option(help: "A directory other than the dump directory.")
    var into: String

    func validate() throws {
      guard DumpCommands.formats.contains(format) else {
        let formats = DumpCommands.formats.joined(separator: " or ")
        throw ValidationError("'\(format)' is no format of dumps; use \(formats)")
      }
    }

    func run() throws {
      try DumpCommands(ProcessEnvironment.environment).convert(file, to: format, into: into)
    }
  }

  struct Rekey: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Encrypt dumps and journals that need an old key again with the present one, each in its place.",
      discussion: """
        It can run beside the gateway, and leaves the newest dump and the newest journal alone then. Exit code 65 when a \
        file can't be decrypted, 74 when one can't be read or written, 75 when files were left alone.
        """)

    @Argument(help: "The dumps' and journals' files. Without any: all of the directory.")
    var files: [String] = []

    @Flag(help: "Also those in the trash.")
    var trash = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
      try DumpCommands(ProcessEnvironment.environment).rekey(files, withTrash: trash, json: json)
    }
  }
}
