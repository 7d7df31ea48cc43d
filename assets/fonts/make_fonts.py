"""Makes the embedded faces from the OpenType sources of Inter 3.19 (https://github.com/rsms/inter, OFL 1.1).

    pip install fonttools
    python make_fonts.py Inter-Regular.otf Inter-Regular.ttf
    python make_fonts.py Inter-SemiBold.otf Inter-SemiBold.ttf

Three changes: figures are tabular without asking for a feature, the repertoire is Latin, Greek, Cyrillic and
symbols, and outlines are quadratic (glyf), which every PDF writer can subset.
"""
import sys
from fontTools.ttLib import TTFont, newTable
from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
src, dst = sys.argv[1:]
f = TTFont(src)
# tabular figures: the cmap points at the tnum alternates
sub = {}
gsub = f['GSUB'].table
for fr in gsub.FeatureList.FeatureRecord:
    if fr.FeatureTag == 'tnum':
        for li in fr.Feature.LookupListIndex:
            for st in gsub.LookupList.Lookup[li].SubTable:
                st = getattr(st, 'ExtSubTable', st)
                if hasattr(st, 'mapping'): sub.update(st.mapping)
for t in f['cmap'].tables:
    if t.isUnicode():
        for u in list(t.cmap):
            if chr(u) in '0123456789+−±=<>≤≥≈≠':
                t.cmap[u] = sub.get(t.cmap[u], t.cmap[u])
cmap = f.getBestCmap()
width = f['hmtx'][cmap[ord('0')]][0]
for digit in '0123456789':
    name = cmap[ord(digit)]
    f['hmtx'][name] = (width, f['hmtx'][name][1])
o = subset.Options()
o.layout_features = ['kern', 'mark', 'mkmk', 'ccmp', 'locl']
o.name_IDs = ['*']; o.notdef_outline = True; o.hinting = False; o.glyph_names = False
s = subset.Subsetter(o)
u = []
for a, b in [(0x20,0x7e),(0xa0,0x24f),(0x259,0x259),(0x2b0,0x2ff),(0x300,0x36f),(0x370,0x3ff),(0x400,0x52f),(0x1e00,0x1eff),(0x1f00,0x1fff),
             (0x2000,0x206f),(0x2070,0x209f),(0x20a0,0x20bf),(0x2100,0x214f),(0x2150,0x215f),(0x2190,0x21ff),(0x2200,0x22ff),(0x2300,0x23ff),
             (0x25a0,0x25ff),(0x2600,0x26ff),(0x2700,0x27bf),(0xfb00,0xfb06),(0xfffd,0xfffd)]:
    u += range(a, b + 1)
s.populate(unicodes=u); s.subset(f)
# CFF → glyf
gs = f.getGlyphSet(); order = f.getGlyphOrder(); glyphs = {}
for n in order:
    p = TTGlyphPen(gs); gs[n].draw(Cu2QuPen(p, 1.0, reverse_direction=True)); glyphs[n] = p.glyph()
del f['CFF ']
if 'VORG' in f: del f['VORG']
f['loca'] = newTable('loca'); g = f['glyf'] = newTable('glyf'); g.glyphOrder = order; g.glyphs = glyphs
for n, gl in glyphs.items(): gl.recalcBounds(g)
f['hmtx'].metrics = {n: (f['hmtx'][n][0], getattr(glyphs[n], 'xMin', 0)) for n in order}
m = f['maxp']; m.tableVersion = 0x00010000
for k, v in dict(maxZones=1, maxTwilightPoints=0, maxStorage=0, maxFunctionDefs=0, maxInstructionDefs=0, maxStackElements=0,
                 maxSizeOfInstructions=0, maxPoints=0, maxContours=0, maxCompositePoints=0, maxCompositeContours=0,
                 maxComponentElements=0, maxComponentDepth=0).items(): setattr(m, k, v)
f['post'].formatType = 3.0
f.sfntVersion = '\x00\x01\x00\x00'
f.save(dst)
