import Rules
import Testing

@Suite("The rules of passwords")
struct PasswordRuleTests {
  @Test(
    "ask for length, both cases, a digit and a symbol",
    arguments: [
      ("Example-Passw0rd!", true), ("Exampl-Passw0rd", false), ("example-passw0rd!", false),
      ("EXAMPLE-PASSW0RD!", false), ("Example-Password!", false), ("ExamplePassw0rdxx", false),
      ("\u{C9}xample-passw0rd!", true),
    ])
  func strength(password: String, holds: Bool) {
    #expect(PasswordRule.holds(password) == holds)
    if holds {
      #expect(throws: Never.self) { try Users.checkPassword(password) }
    } else {
      #expect(throws: RuleViolation("USR005", PasswordRule.sentence)) { try Users.checkPassword(password) }
    }
  }

  @Test("refuse what bcrypt would cut off or can't hash")
  func hashes() {
    let full = "Example-Passw0rd!" + String(repeating: "x", count: 55)
    #expect(PasswordRule.fault(in: full) == nil)
    #expect(PasswordRule.fault(in: full + "x")?.contains("73 bytes") == true)
    #expect(PasswordRule.fault(in: "Example\u{0}") != nil)
    for password in [full + "x", "Example-Passw0rd!\u{0}"] {
      let violation = #expect(throws: RuleViolation.self) { try Users.checkPassword(password) }
      #expect(violation?.code == "USR005")
    }
  }
}
