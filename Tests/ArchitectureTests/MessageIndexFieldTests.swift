import Testing

@Suite("The page of metrics and log fields")
struct MessageIndexFieldTests {
  private static let metrics = "Sources/Sidecar/Observability/SidecarMetrics.swift"

  private func compare(_ sources: Set<String>, below heading: String) throws {
    let page = try Repository.text("docs/reference/metrics.md")
    for fault in FieldIndex.faults(sources: sources, page: FieldIndex.names(inPage: page, below: heading)) {
      Issue.record("metrics.md, \(heading): \(fault)")
    }
  }

  @Test("has every field of the log lines, and no other")
  func fields() throws {
    var fields: Set<String> = []
    for file in Repository.files(below: "Sources", suffix: ".swift") {
      fields.formUnion(FieldIndex.fields(inSource: try Repository.text(file)))
    }
    #expect(fields.count > 60)
    try compare(fields, below: "Log fields")
  }

  @Test("has every metric of the sidecar and every cause of a failure, and no other")
  func metrics() throws {
    let source = try Repository.text(Self.metrics)
    let (status, prometheus) = (MetricIndex.status(inSource: source), MetricIndex.prometheus(inSource: source))
    #expect(status.count >= 9 && prometheus.count >= 15)
    try compare(status, below: "Status line")
    try compare(prometheus, below: "Prometheus metrics")
    try compare(MetricIndex.causes(inSource: source), below: "Causes of failures")
  }

  @Test("has every metric of the gateway, and no other")
  func gatewayMetrics() throws {
    let files = [
      "Sources/Gateway/Gateway+Metrics.swift", "Sources/Platform/Monitor/WriterMetrics.swift",
      "Sources/GatehouseServer/Peers/PeerCounters.swift",
    ]
    let source = try files.map(Repository.text).joined()
    let names = Set(source.matches(of: /(?:family|histogram)\(\s*"([a-z_]+)"/).map { String($0.output.1) })
    #expect(names.count >= 13)
    try compare(names, below: "Names of the gateway's metrics")
  }

  @Test("is checked by something that reads fields, metrics and causes, and finds each difference")
  func seeded() {
    let source = #"""
      logger.info("x", metadata: [
        "error": "\(error["code": 1])", "dump.path": .init(a["b"]), "signal": "[", "names": "\(n.joined(separator: ", "))"
      ])
      metadata["receipt.error"] = "x"
      metadata["fault"] = "y"
      ["json": 1]
      """#
    let fields = FieldIndex.fields(inSource: source)
    #expect(fields == ["error", "dump.path", "signal", "names", "receipt.error", "fault"])
    let fault = #"extension StartFault { self.init("a [b] sentence", ["threads": 1]) }"#
    #expect(FieldIndex.fields(inSource: fault) == ["threads"])
    let page = "# P\n\n## Fields\n\n| `error` | e |\n| `gone` | g |\n\n## Others\n\n| `x` | x |\n"
    let names = FieldIndex.names(inPage: page, below: "Fields")
    #expect(names == ["error", "gone"])
    #expect(FieldIndex.faults(sources: ["error", "new"], page: names).count == 2)
    #expect(FieldIndex.faults(sources: ["error"], page: ["error", "error"]).count == 1)
    #expect(
      MetricIndex.causes(inSource: "enum Cause {\n  case damaged\n  case noClient = \"no_client\"\n}\ncase other")
        == ["damaged", "no_client"])
    #expect(MetricIndex.prometheus(inSource: "text.gauge(\n  \"dumps\", \"x\")") == ["dumps"])
    #expect(MetricIndex.status(inSource: "(\"dumps\", dumps), (\"a\", isA ? 1 : 0)") == ["dumps", "a"])
  }
}
