import Testing

@Suite("The index of messages")
struct MessageIndexTests {
  private static func messages() throws -> Set<LoggedMessage> {
    Set(try Repository.sources().flatMap(MessageIndex.messages(inSource:)))
  }

  @Test("has exactly the messages of the sources at warning and above, each once, sorted")
  func complete() throws {
    let messages = try Self.messages()
    #expect(messages.count > 70)
    let rows = MessageIndex.rows(inPage: try Repository.text("docs/reference/messages.md"))
    for fault in MessageIndex.faults(messages: messages, rows: rows) { Issue.record("messages.md: \(fault)") }
  }

  @Test(
    "finds a message however the source writes it",
    arguments: [
      (#"logger.warning("it hangs")"#, "it hangs", "warning"),
      (
        "    logger.error(\n      \"it \\(try a(b(\"(\")) ?? \"x\\(y)\") fails\",\n metadata: [:])", "it … fails",
        "error"
      ),
      (#"logger.critical("a \"word\"", metadata: [:])"#, #"a "word""#, "critical"),
      (#"logger.log(level: isFresh ? .warning : .notice, "seen")"#, "seen", "varies"),
      (#"logger.log(level: level, "ended", metadata: m)"#, "ended", "varies"),
      ("Self.line(\n  .warning, \"lines were dropped\", [:])", "lines were dropped", "warning"),
      (#"StandardError.write("no receipt in \(path)")"#, "no receipt in …", "printed"),
      (#"Program.complain("there is no dump")"#, "there is no dump", "printed"),
      (
        #"extension StartFault { x(.configuration, "one two three four five six seven eight") }"#,
        "one two three four five six seven eight", "critical"
      ),
      ("logger.error(text)", "no literal", "error"),
    ])
  func reading(source: String, text: String, level: String) {
    #expect(MessageIndex.messages(inSource: source) == [LoggedMessage(text: text, level: level)])
  }

  @Test("leaves out what is below warning, and texts that are nothing but an error")
  func others() {
    let source = #"""
      logger.notice("ready")
      logger.log(level: isProbe ? .debug : .info, "request", metadata: m)
      StandardError.write("\(error)")
      Program.complain("\(path): \(error)")
      """#
    #expect(MessageIndex.messages(inSource: source) == [])
  }

  private static let long = LoggedMessage(
    text: "a message that is too long for a cell of the page: it has more than eighty characters", level: "error")

  private func faults(_ page: String) -> [String] {
    MessageIndex.faults(
      messages: [LoggedMessage(text: "b hangs", level: "warning"), Self.long], rows: MessageIndex.rows(inPage: page))
  }

  @Test("finds a message that is missing, one that is gone, one of another level, and rows out of order")
  func seededViolations() {
    let cut = "| `\(MessageIndex.cell(of: Self.long.text))` | error | m | a |\n"
    #expect(faults(cut + "| `b hangs` | warning | m | a |") == [])
    #expect(faults(cut).contains("not in the page: | `b hangs` | warning |"))
    #expect(faults(cut + "| `b hangs` | error | m | a |").count == 2)
    #expect(faults(cut + "| `b hangs` | warning | m | a |\n| `c` | error | m | a |").count == 1)
    #expect(faults("| `b hangs` | warning | m | a |\n" + cut).count == 1)
    #expect(faults(cut + cut + "| `b hangs` | warning | m | a |").count == 1)
    #expect(MessageIndex.cell(of: Self.long.text).count <= 80)
  }

  private static func codes() throws -> Set<CodeIndex.Code> {
    Set(try Repository.sources().flatMap(CodeIndex.codes(inSource:)))
  }

  @Test("has exactly the codes of the HTTP API, with their statuses")
  func errorCodes() throws {
    let codes = try Self.codes()
    #expect(codes.count > 90)
    let page = CodeIndex.codes(inPage: try Repository.text("docs/reference/messages.md"))
    for fault in CodeIndex.faults(sources: codes, page: page) { Issue.record("messages.md: \(fault)") }
  }

  @Test("finds a code wherever the sources declare or throw it, and each difference from the page")
  func seededCodes() {
    let source = """
      // "OLD001"
      400: ["AAA001", "AAA002"], 404: ["AAA001"]
      DeclaredFailure(503, ["GTW503"])
      throw APIError(
        429, "IP_RATE_LIMIT", "x")
      .permission(.manageUsers, "USR008", missingToken: "GTW401")
      """
    let found = CodeIndex.codes(inSource: source)
    let page = """
      | `AAA001` | 400, 404 | m |
      | `AAA002` | 400 | m |
      | `GTW401` | 401 | m |
      | `GTW503` | 503 | m |
      | `IP_RATE_LIMIT` | 429 | m |
      | `USR008` | 403 | m |
      """
    #expect(CodeIndex.faults(sources: found, page: CodeIndex.codes(inPage: page)) == [])
    let other = CodeIndex.codes(inPage: page.replacing("400, 404", with: "400").replacing("GTW503", with: "GTW504"))
    #expect(CodeIndex.faults(sources: found, page: other).count == 3)
  }

  @Test(
    "knows every exit code of both programs",
    arguments: [
      ("Sources/GatehouseServer/ExitCode.swift", "Exit codes of gatehouse", [64]),
      ("Sources/Sidecar/SidecarExit.swift", "Exit codes of gatehouse-sidecar", []),
    ])
  func exitCodes(source: String, heading: String, others: [Int]) throws {
    let codes = ExitCodeIndex.codes(inSource: try Repository.text(source)) + others
    #expect(codes.count >= 10)
    let page = try Repository.text("docs/reference/exit-codes.md")
    #expect(ExitCodeIndex.codes(inPage: page, below: heading) == codes.sorted())
  }

  @Test("reads the exit codes of a source, and of one section of the page")
  func seededExitCodes() {
    #expect(ExitCodeIndex.codes(inSource: "  case b = 65\n  /// case c = 3\n  case a = 0\n") == [0, 65])
    let page = "# Codes\n\n## One\n\n| 0 | fine |\n| 65 | not |\n\n## Two\n\n| 1 | other |\n"
    #expect(ExitCodeIndex.codes(inPage: page, below: "One") == [0, 65])
    #expect(ExitCodeIndex.codes(inPage: page, below: "Three") == [])
  }
}
