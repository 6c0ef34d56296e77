import Testing

@Suite("The rules for imports")
struct ImportRuleTests {
  @Test("hold in all sources")
  func hold() throws {
    let imported = try Repository.importedArrows()
    #expect(imported.count >= 10)
    for rule in ImportRule.all { #expect(rule.violations(imported) == [], "\(rule.name)") }
  }

  private static let seeds: [(imported: Arrows, violation: String)] = [
    (["Authentication": ["CCrypt"]], "Authentication imports CCrypt"),
    (["DumpFormat": ["COpenSSL"]], "DumpFormat imports COpenSSL"),
    (["Sidecar": ["CCurl"]], "Sidecar imports CCurl"),
    (["Gateway": ["Model"], "Model": ["Platform"]], "Gateway reaches Platform"),
    (["Platform": ["Gateway"]], "Platform reaches Gateway"),
    (["Listener": ["HummingbirdCore"]], "Listener reaches HummingbirdCore"),
    (["Sidecar": ["Persistence"], "Persistence": ["DocumentStore"]], "Sidecar reaches DocumentStore"),
    (["Retention": ["Clocks"]], "Retention reaches Clocks"),
    (["Rules": ["HTTPTypes"]], "Rules reaches HTTPTypes"),
    (["HTTPAPI": ["Rules"]], "HTTPAPI reaches Rules"),
  ]

  @Test("are broken by a seeded import", arguments: seeds.indices)
  func seeded(index: Int) {
    let (imported, violation) = Self.seeds[index]
    #expect(ImportRule.all.flatMap { $0.violations(imported) }.contains(violation))
  }

  @Test("are not broken by what they allow")
  func allowed() {
    let imported: Arrows = [
      "Cryptography": ["COpenSSL", "CCrypt"], "HTTPClient": ["CCurl"], "Listener": ["NIOCore"],
      "GatehouseServer": ["Hummingbird", "Platform", "Listener"], "Sidecar": ["Retention", "HTTPClient"],
    ]
    #expect(ImportRule.all.flatMap { $0.violations(imported) } == [])
  }
}
