import Glibc
import Testing

@testable import Settings

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
    #expect(ResidentMemory.ranges(in: line).isEmpty != isGivenBack)
  }

  @Test("keeps what was relocated in a library whose parts are all in the first page of its file")
  func smallLibrary() {
    let maps = """
      7f9e837000-7f9e838000 r-xp 00000000 fe:00 16312098 /usr/lib/small.so
      7f9e838000-7f9e839000 r--p 00000000 fe:00 16312098 /usr/lib/small.so
      7f9e839000-7f9e83a000 rw-p 00001000 fe:00 16312098 /usr/lib/small.so
      7f9e83a000-7f9e83b000 r--p 00000000 fe:00 1 /usr/lib/next.so
      """
    #expect(ResidentMemory.ranges(in: maps).map(\.start) == [0x7f_9e83_7000, 0x7f_9e83_a000])
  }

  @Test("finds the function of the C library that gives the heap's free parts back")
  func heap() {
    #expect(dlsym(nil, "malloc_trim") != nil)
    ResidentMemory.trimHeap()
  }

  @Test("finds the function of the C library that gives large blocks pages of their own")
  func blocks() {
    #expect(ResidentMemory.returnBlocks(from: ResidentMemory.largeBlock))
  }
}
