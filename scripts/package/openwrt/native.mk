# Builds the native parts for one target and installs the agent.
# make -f native.mk NODE_ARCH=arm NODE_INCLUDE=DIR [CC= CXX= CFLAGS= …] [install DESTDIR=DIR]
HOME := @HOME@
NATIVE := $(HOME)/native/linux-$(NODE_ARCH)
PARTS := libmountroot.so libmountroot-tree.so ref-napi.node ffi-napi.node

# ffi-napi needs libffi: pkg-config names the one of the target.
FFI_CFLAGS ?= $(shell pkg-config --cflags libffi)
FFI_LIBS ?= $(shell pkg-config --libs libffi || echo -lffi)

OWN := -fvisibility=hidden -fPIC -shared
ADDON := -std=c++17 -fexceptions -fPIC -shared -DBUILDING_NODE_EXTENSION @ADDON_FLAG@ \
	-I$(NODE_INCLUDE) -Iinclude

all: $(PARTS) launch

libmountroot.so: mountroot.c
	$(CC) $(CPPFLAGS) $(CFLAGS) $(OWN) -o $@ $< $(LDFLAGS) -lpthread

libmountroot-tree.so: tree.c $(wildcard tree-*.h)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(OWN) -o $@ $< $(LDFLAGS)

launch: launch.c launch-ended.h launch-constants.h
	$(CC) $(CPPFLAGS) $(CFLAGS) -include launch-constants.h -o $@ $< $(LDFLAGS)

ref-napi.node: $(wildcard ref-napi/*.cc)
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) $(ADDON) -o $@ $^ $(LDFLAGS)

ffi-napi.node: $(wildcard ffi-napi/*.cc)
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) $(ADDON) $(FFI_CFLAGS) -o $@ $^ $(LDFLAGS) $(FFI_LIBS) -ldl

install: all
	mkdir -p $(DESTDIR)$(NATIVE) $(DESTDIR)/usr/sbin
	cp $(PARTS) $(DESTDIR)$(NATIVE)/
	cp -R agent/. $(DESTDIR)$(HOME)/
	cp -R etc $(DESTDIR)/
	cp launch $(DESTDIR)$(HOME)/launch
	chmod 755 $(DESTDIR)$(HOME)/launch $(DESTDIR)$(HOME)/keep-heap
	ln -sf ../..$(HOME)/launch $(DESTDIR)/usr/sbin/mountroot
	for name in @NAMES@; do ln -sf mountroot $(DESTDIR)/usr/sbin/$$name; done

.PHONY: all install
