import ArgumentParser
import GatehouseServer
import Settings

/// `gatehouse journal …`.
struct Journal: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "journal", abstract: "Look at the journals, also at one that still grows; nothing is changed.",
    discussion: "The directory and the keys come from MEM_DUMP_PATH, MEM_ENCRYPTION_KEY and MEM_ENCRYPTION_KEYS_OLD.",
    subcommands: [List.self, Inspect.self, Verify.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the journals, oldest first, with their commits and what each follows.")

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
      try DumpCommands(ProcessEnvironment.environment).listJournals(json: json)
    }
  }

  struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the commits of a journal: when, by whom, and which documents; never their values.")

    @Argument(help: "The journal's file or number, such as 3-1. Without one: the newest.")
    var file: String?

    @Option(help: "Show no earlier commit: a number, or a time such as 2026-11-28T14:03:00Z.")
    var from: String?

    @Option(help: "Show no later commit: a number or a time.")
    var to: String?

    @Option(help: "Show only that many commits, the last ones.")
    var last: Int?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
      for (option, text) in [("--from", from), ("--to", to)] {
        guard let text, !DumpCommands.isBound(text) else { continue }
        throw ValidationError(
          "'\(text)' is no value of \(option); use a number of a commit, or a time such as 2026-11-28T14:03:00Z")
      }
      if let last, last < 1 { throw ValidationError("'\(last)' is no value of --last; use a number from 1") }
    }

    func run() throws {
      try DumpCommands(ProcessEnvironment.environment)
        .inspectJournal(file, from: from, to: to, last: last, json: json)
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Authenticate journals, and follow them from the newest good dump. Exit codes as of dump verify.")

    @Argument(help: "Files or numbers of journals. Without any: all of the directory.")
    var files: [String] = []

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
      try DumpCommands(ProcessEnvironment.environment).verifyJournals(files, json: json)
    }
  }
}
