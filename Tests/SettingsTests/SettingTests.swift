import Testing

@testable import Settings

@Suite("A declared setting")
struct SettingTests {
  private struct Group: SettingGroup {
    static let title = "Group"
    let first = Setting("FIRST", .integer(1...9), default: 5, "the first")
    let nested = Nested()
    let notASetting = 7
  }

  private struct Nested: SettingGroup {
    static let title = "Nested"
    let second = OptionalSetting("SECOND", .boolean, absent: "off", flag: "--second true|false", "the second")
    let third = SecretSetting("THIRD", minimumLength: 8, inProduction: 32, flag: "--third-file FILE", "the third")
  }

  private func reader(_ environment: [String: String]) -> EnvironmentReader {
    EnvironmentReader(environment) { _ in "" }
  }

  @Test("has the default that its description shows")
  func defaults() {
    let choice = Setting("C", .choice(["one": 1, "two": 2, "second": 2]), default: 2, "a choice")
    #expect(choice.description.defaultValue == "two")
    #expect(Setting("T", .time(), default: 86_400, "a time").description.standard == "1d")
    #expect(Setting("T", .time(), default: 90, "a time").description.standard == "90s")
    #expect(Setting("L", .list, default: ["a", "b"], "a list").description.standard == "a,b")
    var reader = reader([:])
    let value = reader.value(of: choice)
    #expect(value == 2)
    #expect(reader.listing.table.contains("two"))
  }

  @Test("takes the ends of its range and refuses the nearest values outside", arguments: [(1, 9), (-3, 0), (60, .max)])
  func ranges(least: Int, most: Int) {
    let setting = Setting("N", .integer(least...most), default: least, "a number")
    #expect(setting.description.ends.refused.count == (most == .max ? 1 : 2))
    for text in setting.description.ends.taken {
      var reader = reader(["N": text])
      let value = reader.value(of: setting)
      #expect("\(value)" == text && reader.faults == [])
    }
    for text in setting.description.ends.refused {
      var reader = reader(["N": text])
      let value = reader.value(of: setting)
      #expect(value == least)
      #expect(reader.faults.map(\.sentence) == ["is '\(text)'; it takes \(setting.description.takes)"])
    }
  }

  @Test("counts under its older variable only where the first one is not set")
  func olderVariable() {
    let setting = Setting("NEW", olderVariable: "OLD", .integer(0...9), default: 0, "a number")
    for (environment, value, name) in [
      ([:], 0, "NEW"), (["OLD": "3"], 3, "OLD"), (["OLD": "3", "NEW": "4"], 4, "NEW"),
      (["OLD": "3", "NEW": ""], 3, "OLD"),
    ] as [([String: String], Int, String)] {
      var reader = reader(environment)
      let found = reader.value(of: setting)
      #expect(found == value)
      #expect(reader.name(of: setting) == name)
      #expect(reader.listing.names == [name])
    }
  }

  @Test("takes the values and the default that follow from another setting")
  func dependent() {
    let setting = Setting("N", .integer(1...9), default: 5, "a number")
    var reader = reader(["N": "30"])
    let value = reader.value(of: setting.with(.integer(20...40), default: 25))
    #expect(value == 30)
    var empty = self.reader([:])
    let standard = empty.value(of: setting.with(.integer(20...40), default: 25))
    #expect(standard == 25)
    let maximum = OptionalSetting("M", .integer(1...9), "a number")
    var both = self.reader(["M": "10"])
    let refused = both.value(of: maximum)
    let taken = both.value(of: maximum.with(.integer(1...10)))
    #expect(refused == nil && taken == 10)
  }

  @Test("is found in its group, and in groups in it, without another list")
  func groups() {
    let group = Group()
    #expect(group.descriptions.map(\.variable) == ["FIRST", "SECOND", "THIRD"])
    #expect(group.sections.map(\.title) == ["Nested"])
  }

  @Test("is described in help and documentation")
  func descriptions() {
    let nested = Nested()
    #expect(Group().first.description.help == "  FIRST  [default: 5]\n      the first (a whole number from 1 to 9)")
    #expect(
      nested.second.description.helpWithFlag
        == "  --second true|false  [SECOND; default: off]\n      the second (true or false)")
    #expect(nested.third.description.flagVariable == "THIRD_FILE")
    #expect(
      nested.third.description.documentationRow
        == "| `THIRD` * | not set | a secret of at least 8 characters, 32 with ENV=production | the third |")
    #expect(
      Group().first.description.documentationRow
        == "| `FIRST` | `5` | a whole number from 1 to 9 | the first |")
  }

  @Test("has help in lines of at most 80 columns")
  func lines() {
    let words = Array(repeating: "word", count: 40).joined(separator: " ")
    let text = Setting("N", .integer(0...9), default: 0, words).description.help
    #expect(text.split(separator: "\n").count == 5)
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(
      HelpText.table([("short", "x"), ("long-name", "y z")], column: 10) == "  short   x\n  long-name\n          y z")
  }
}
