import Testing

@testable import Sidecar

@Suite("ResidentMemory")
struct ResidentMemoryTests {
  @Test(
    "gives back only memory of which the file has a copy",
    arguments: [
      ("55a751c98000-55a752484000 r-xp 00000000 fe:00 1234                       /usr/bin/x", true),
      ("7f0000000000-7f0000001000 r--p 00000000 fe:00 1234 /usr/lib/libx.so", true),
      ("7f0000000000-7f0000001000 r--p 00001000 fe:00 1234 /usr/lib/libx.so", false),
      ("7f0000000000-7f0000001000 rw-p 00000000 fe:00 1234 /usr/lib/libx.so", false),
      ("7f0000000000-7f0000001000 r-xp 00000000 00:00 0 [vdso]", false),
      ("7f0000000000-7f0000001000 r-xp 00000000 00:00 0", false), ("nonsense", false), ("", false),
    ])
  func ranges(line: String, isGivenBack: Bool) {
    #expect((ResidentMemory.range(of: Substring(line)) != nil) == isGivenBack)
  }
}
