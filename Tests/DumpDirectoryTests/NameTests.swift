import Clocks
import Testing

@testable import DumpDirectory

@Suite("Names of dumps")
struct NameTests {
  @Test(
    "are parsed and written",
    arguments: [
      ("memory_dump-20261123T201137Z.bin", "memory_dump", "20261123T201137Z", 0),
      ("memory_dump-20261123T201137Z-0001.bin", "memory_dump", "20261123T201137Z", 1),
      ("a-b-20261123T201137Z-0123.bin", "a-b", "20261123T201137Z", 123),
      ("a-20261123T201137Z-20261124T000000Z.bin", "a-20261123T201137Z", "20261124T000000Z", 0),
      ("a-0001-20240229T235959Z.bin", "a-0001", "20240229T235959Z", 0),
      ("e\u{301}*? [x].b-20261123T201137Z.bin", "e\u{301}*? [x].b", "20261123T201137Z", 0),
    ])
  func names(file: String, stem: String, time: String, number: Int) {
    #expect(DumpName(file) == DumpName(stem: stem, time: time, number: number))
    #expect(DumpName(stem: stem, time: time, number: number).file == file)
  }

  @Test(
    "are distinguished from other names",
    arguments: [
      "memory_dump.bin", "x-20261123T201137Z.txt", "x-2026123T2011377Z.bin", "20261123T201137Z.bin", ".bin",
      "-20261123T201137Z.bin", "x-20261123T201137Z.BIN", "x-20261123T201137Z.Bin", "x-20261323T201137Z.bin",
      "x-20260023T201137Z.bin", "x-20260230T201137Z.bin", "x-20250229T201137Z.bin", "x-20261100T201137Z.bin",
      "x-20261123T241137Z.bin", "x-20261123T206037Z.bin", "x-20261123T201160Z.bin", "x-20261123t201137Z.bin",
      "x-20261123T201137Z.bin\u{301}", "x-\u{301}20261123T201137Z.bin", "x-20261123T201137Z-00001.bin",
      "x-20261123T201137Z-+001.bin", "x-２0261123T201137Z.bin", "x-20261123T201137Z-٠٠٠١.bin",
      "x-20261123T201137Z-0000.bin", "x-20261123T201137Z--001.bin", "x-20261123T201137Z.bin.tmp",
    ])
  func others(file: String) {
    #expect(DumpName(file) == nil)
  }

  @Test(
    "contain the time in UTC",
    arguments: [
      (0, "19700101T000000Z"), (951_782_400, "20000229T000000Z"), (1_795_464_697, "20261123T201137Z"),
      (4_102_444_799, "20991231T235959Z"), (-1, "19691231T235959Z"),
    ])
  func time(seconds: Int, text: String) {
    #expect(CivilTime(unixSeconds: seconds).compact == text)
  }
}
